package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/mattn/go-sqlite3"
)

type sqliteUsers struct {
	*sqliteStore
	byID, byIDForWriting, byName, insertUser, update *sql.Stmt
}

func openSqliteUsers(url string) (*sqliteUsers, error) {
	s, err := openSqlite(url)
	if err != nil {
		return nil, err
	}
	users := &sqliteUsers{sqliteStore: s}
	return users, prepare([]prepared{
		{&users.byID, s.reads, "SELECT " + userColumns + " FROM users WHERE id = ?"},
		{&users.byIDForWriting, s.writes, "SELECT " + userColumns + " FROM users WHERE id = ?"},
		{&users.byName, s.reads, "SELECT " + userColumns +
			" FROM users WHERE (name, id) > (?, ?) ORDER BY name, id LIMIT ?"},
		{&users.insertUser, s.writes, "INSERT INTO users (" + userColumns + ") VALUES (?, ?, ?, ?, ?)"},
		{&users.update, s.writes, "UPDATE users SET name = ?, email = ?, updated_at = ? WHERE id = ?"},
	})
}

func scanSqliteUser(row interface{ Scan(...interface{}) error }) (user, error) {
	var u user
	var createdAt int64
	if err := row.Scan(&u.ID, &u.Name, &u.Email, &createdAt, &u.updatedAt); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return u, userUnknown
		}
		return u, err
	}
	u.CreatedAt, u.UpdatedAt = timestamp(createdAt), timestamp(u.updatedAt)
	return u, nil
}

func known(err error) error {
	var failed sqlite3.Error
	if errors.As(err, &failed) && failed.ExtendedCode == sqlite3.ErrConstraintUnique {
		return emailTaken
	}
	return err
}

func (s *sqliteUsers) find(_ context.Context, id string) (user, error) {
	return scanSqliteUser(s.byID.QueryRow(id))
}

func (s *sqliteUsers) list(_ context.Context, after *position, limit int) ([]user, error) {
	if after == nil {
		after = &position{}
	}
	rows, err := s.byName.Query(after[0], after[1], limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	users := make([]user, 0, limit)
	for rows.Next() {
		found, err := scanSqliteUser(rows)
		if err != nil {
			return nil, err
		}
		users = append(users, found)
	}
	return users, rows.Err()
}

func (s *sqliteUsers) insert(_ context.Context, u user) error {
	_, err := s.insertUser.Exec(u.ID, u.Name, u.Email, u.updatedAt, u.updatedAt)
	return known(err)
}

func (s *sqliteUsers) change(_ context.Context, id string, wanted userChange) (user, error) {
	tx, err := s.writes.Begin()
	if err != nil {
		return user{}, err
	}
	defer tx.Rollback()
	changed, err := scanSqliteUser(tx.Stmt(s.byIDForWriting).QueryRow(id))
	if err != nil {
		return changed, err
	}
	if wanted.Name != nil {
		changed.Name = *wanted.Name
	}
	if wanted.Email != nil {
		changed.Email = *wanted.Email
	}
	now := time.Now().UnixMilli()
	if now <= changed.updatedAt {
		now = changed.updatedAt + 1
	}
	changed.updatedAt, changed.UpdatedAt = now, timestamp(now)
	if _, err = tx.Stmt(s.update).Exec(changed.Name, changed.Email, now, id); err != nil {
		return changed, known(err)
	}
	return changed, tx.Commit()
}
