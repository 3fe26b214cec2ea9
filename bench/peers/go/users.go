package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"unicode/utf8"

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

// A position in the order of lists: the name and the id of a user.
type position [2]string

type userService struct{ store userStore }

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

func (s *userService) get(w http.ResponseWriter, r *http.Request) error {
	id, err := idIn(r, "/users/")
	if err != nil {
		return err
	}
	found, err := s.store.find(r.Context(), id)
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
	var after *position
	if sent := query.Get("after"); sent != "" {
		decoded, err := base64.RawURLEncoding.DecodeString(sent)
		if err != nil || json.Unmarshal(decoded, &after) != nil {
			return noCursor
		}
	}
	users, err := s.store.list(r.Context(), after, limit+1)
	if err != nil {
		return err
	}
	if len(users) > limit {
		users = users[:limit]
		last := users[limit-1]
		key, _ := json.Marshal(position{last.Name, last.ID})
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
	at := timestamp(now)
	created := user{id, *body.Name, *body.Email, at, at, now}
	if err := s.store.insert(r.Context(), created); err != nil {
		return err
	}
	w.Header().Set("Location", "/users/"+id)
	return writeUser(w, http.StatusCreated, created)
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
	if body.Name != nil {
		if err := checkName(*body.Name); err != nil {
			return err
		}
	}
	if body.Email != nil {
		if err := checkEmail(*body.Email); err != nil {
			return err
		}
	}
	changed, err := s.store.change(r.Context(), id, body)
	if err != nil {
		return err
	}
	return writeUser(w, http.StatusOK, changed)
}
