package main

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

type postgresUsers struct{ pool *pgxpool.Pool }

func openPostgresUsers(url string) (postgresUsers, error) {
	pool, err := openPostgres(url)
	return postgresUsers{pool}, err
}

func scanPostgresUser(row pgx.Row) (user, error) {
	var u user
	var createdAt int64
	err := row.Scan(&u.ID, &u.Name, &u.Email, &createdAt, &u.updatedAt)
	if err == pgx.ErrNoRows {
		return u, userUnknown
	}
	u.CreatedAt, u.UpdatedAt = timestamp(createdAt), timestamp(u.updatedAt)
	return u, err
}

const uniqueViolation = "23505"

func orTaken(err error) error {
	var failed *pgconn.PgError
	if errors.As(err, &failed) && failed.Code == uniqueViolation {
		return emailTaken
	}
	return err
}

func (s postgresUsers) find(ctx context.Context, id string) (user, error) {
	return scanPostgresUser(s.pool.QueryRow(ctx, "SELECT "+userColumns+" FROM users WHERE id = $1", id))
}

func (s postgresUsers) list(ctx context.Context, after *position, limit int) ([]user, error) {
	const first = "SELECT " + userColumns + " FROM users ORDER BY name, id LIMIT $1"
	const next = "SELECT " + userColumns +
		" FROM users WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3"
	text, values := first, []interface{}{limit}
	if after != nil {
		text, values = next, []interface{}{after[0], after[1], limit}
	}
	rows, err := s.pool.Query(ctx, text, values...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	users := make([]user, 0, limit)
	for rows.Next() {
		found, err := scanPostgresUser(rows)
		if err != nil {
			return nil, err
		}
		users = append(users, found)
	}
	return users, rows.Err()
}

func (s postgresUsers) insert(ctx context.Context, u user) error {
	_, err := s.pool.Exec(ctx, "INSERT INTO users ("+userColumns+") VALUES ($1, $2, $3, $4, $5)",
		u.ID, u.Name, u.Email, u.updatedAt, u.updatedAt)
	return orTaken(err)
}

// change is one statement, so that no transaction stays open between round trips.
func (s postgresUsers) change(ctx context.Context, id string, wanted userChange) (user, error) {
	changed, err := scanPostgresUser(s.pool.QueryRow(ctx, "UPDATE users"+
		" SET name = COALESCE($2, name), email = COALESCE($3, email),"+
		" updated_at = GREATEST($4, updated_at + 1)"+
		" WHERE id = $1 RETURNING "+userColumns,
		id, wanted.Name, wanted.Email, time.Now().UnixMilli()))
	return changed, orTaken(err)
}
