package main

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/mattn/go-sqlite3"
	"github.com/rs/zerolog"
)

type user struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
	updatedAt int64
}

type userChange struct {
	Name  *string `json:"name"`
	Email *string `json:"email"`
}

type userService struct {
	*store
	byID, byIDForWriting, byName, insert, update *sql.Stmt
}

const userColumns = "id, name, email, created_at, updated_at"

var (
	emailPattern = regexp.MustCompile(`^[a-zA-Z0-9.!#$%&'*+/=?^_{|}~-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+$`)
	userUnknown  = problem{http.StatusNotFound, "User not found"}
	emailTaken   = problem{http.StatusConflict, "Email already registered"}
	noName       = problem{http.StatusUnprocessableEntity, "name must be text of 1 to 100 characters"}
	noEmail      = problem{http.StatusUnprocessableEntity, "email must be an e-mail address"}
	noLimit      = problem{http.StatusUnprocessableEntity, "limit must be a whole number from 1 to 1000"}
	noCursor     = problem{http.StatusUnprocessableEntity, "after must be a cursor"}
)

func newUserService(s *store) (*userService, error) {
	service := &userService{store: s}
	for _, prepared := range []struct {
		statement **sql.Stmt
		on        *sql.DB
		text      string
	}{
		{&service.byID, s.reads, "SELECT " + userColumns + " FROM users WHERE id = ?"},
		{&service.byIDForWriting, s.writes, "SELECT " + userColumns + " FROM users WHERE id = ?"},
		{&service.byName, s.reads, "SELECT " + userColumns +
			" FROM users WHERE (name, id) > (?, ?) ORDER BY name, id LIMIT ?"},
		{&service.insert, s.writes, "INSERT INTO users (" + userColumns + ") VALUES (?, ?, ?, ?, ?)"},
		{&service.update, s.writes, "UPDATE users SET name = ?, email = ?, updated_at = ? WHERE id = ?"},
	} {
		statement, err := prepared.on.Prepare(prepared.text)
		if err != nil {
			return nil, err
		}
		*prepared.statement = statement
	}
	return service, nil
}

func (s *userService) routes(log zerolog.Logger) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/users", byMethod(map[string]http.HandlerFunc{
		http.MethodGet:  observed(log, "/users", s.list),
		http.MethodPost: observed(log, "/users", s.create),
	}))
	mux.HandleFunc("/users/", byMethod(map[string]http.HandlerFunc{
		http.MethodGet:   observed(log, "/users/{id}", s.get),
		http.MethodPatch: observed(log, "/users/{id}", s.change),
	}))
	return mux
}

func scanUser(row interface{ Scan(...interface{}) error }) (user, error) {
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

func writeUser(w http.ResponseWriter, status int, u user) error {
	w.Header().Set("ETag", entityTag(u.updatedAt))
	return writeJSON(w, status, u)
}

func checkName(name string) error {
	if count := utf8.RuneCountInString(name); count < 1 || count > 100 {
		return noName
	}
	return nil
}

func checkEmail(email string) error {
	if len(email) > 254 || !emailPattern.MatchString(email) {
		return noEmail
	}
	return nil
}

func known(err error) error {
	var failed sqlite3.Error
	if errors.As(err, &failed) && failed.ExtendedCode == sqlite3.ErrConstraintUnique {
		return emailTaken
	}
	return err
}

func (s *userService) get(w http.ResponseWriter, r *http.Request) error {
	id, err := idIn(r, "/users/")
	if err != nil {
		return err
	}
	found, err := scanUser(s.byID.QueryRow(id))
	if err != nil {
		return err
	}
	return writeUser(w, http.StatusOK, found)
}

func (s *userService) list(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	limit := 100
	if sent := query.Get("limit"); sent != "" {
		var err error
		if limit, err = strconv.Atoi(sent); err != nil || limit < 1 || limit > 1000 {
			return noLimit
		}
	}
	var after [2]string
	if sent := query.Get("after"); sent != "" {
		decoded, err := base64.RawURLEncoding.DecodeString(sent)
		if err != nil || json.Unmarshal(decoded, &after) != nil {
			return noCursor
		}
	}
	rows, err := s.byName.Query(after[0], after[1], limit+1)
	if err != nil {
		return err
	}
	defer rows.Close()
	users := make([]user, 0, limit+1)
	for rows.Next() {
		found, err := scanUser(rows)
		if err != nil {
			return err
		}
		users = append(users, found)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(users) > limit {
		users = users[:limit]
		last := users[limit-1]
		key, _ := json.Marshal([2]string{last.Name, last.ID})
		cursor := url.QueryEscape(base64.RawURLEncoding.EncodeToString(key))
		w.Header().Set("Link", fmt.Sprintf(`</users?limit=%d&after=%s>; rel="next"`, limit, cursor))
	}
	return writeJSON(w, http.StatusOK, users)
}

func (s *userService) create(w http.ResponseWriter, r *http.Request) error {
	var body userChange
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if body.Name == nil {
		return noName
	}
	if body.Email == nil {
		return noEmail
	}
	if err := checkName(*body.Name); err != nil {
		return err
	}
	if err := checkEmail(*body.Email); err != nil {
		return err
	}
	id, now := newUUID()
	_, err := s.insert.Exec(id, *body.Name, *body.Email, now, now)
	if err != nil {
		return known(err)
	}
	w.Header().Set("Location", "/users/"+id)
	at := timestamp(now)
	return writeUser(w, http.StatusCreated, user{id, *body.Name, *body.Email, at, at, now})
}

func (s *userService) change(w http.ResponseWriter, r *http.Request) error {
	id, err := idIn(r, "/users/")
	if err != nil {
		return err
	}
	var body userChange
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	tx, err := s.writes.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	changed, err := scanUser(tx.Stmt(s.byIDForWriting).QueryRow(id))
	if err != nil {
		return err
	}
	if body.Name != nil {
		if err := checkName(*body.Name); err != nil {
			return err
		}
		changed.Name = *body.Name
	}
	if body.Email != nil {
		if err := checkEmail(*body.Email); err != nil {
			return err
		}
		changed.Email = *body.Email
	}
	now := time.Now().UnixMilli()
	if now <= changed.updatedAt {
		now = changed.updatedAt + 1
	}
	changed.updatedAt, changed.UpdatedAt = now, timestamp(now)
	_, err = tx.Stmt(s.update).Exec(changed.Name, changed.Email, now, id)
	if err != nil {
		return known(err)
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return writeUser(w, http.StatusOK, changed)
}
