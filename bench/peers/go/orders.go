package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"
)

type item struct {
	SKU       string  `json:"sku"`
	Quantity  int64   `json:"quantity"`
	UnitPrice float64 `json:"unit_price"`
}

type order struct {
	ID          string  `json:"id"`
	UserID      string  `json:"user_id"`
	Items       []item  `json:"items"`
	TotalAmount float64 `json:"total_amount"`
	Status      string  `json:"status"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
}

type newOrder struct {
	UserID string `json:"user_id"`
	Items  []item `json:"items"`
}

type orderService struct {
	*store
	users                                  *http.Client
	usersURL                               string
	byID, linesOf, insertOrder, insertLine *sql.Stmt
}

var (
	orderUnknown    = problem{http.StatusNotFound, "Order not found"}
	userMissing     = problem{http.StatusBadRequest, "User does not exist"}
	userUnchecked   = problem{http.StatusBadGateway, "Failed to validate user"}
	usersNotReached = problem{http.StatusServiceUnavailable, "User service unavailable"}
)

func newOrderService(s *store) (*orderService, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = 512
	service := &orderService{
		store:    s,
		users:    &http.Client{Transport: transport, Timeout: 30 * time.Second},
		usersURL: os.Getenv("USER_SERVICE_URL") + "/users/",
	}
	for _, prepared := range []struct {
		statement **sql.Stmt
		on        *sql.DB
		text      string
	}{
		{&service.byID, s.reads,
			"SELECT id, user_id, total_cents, status, created_at, updated_at FROM orders WHERE id = ?"},
		{&service.linesOf, s.reads,
			"SELECT sku, quantity, unit_price_cents FROM order_items WHERE order_id = ? ORDER BY position"},
		{&service.insertOrder, s.writes,
			"INSERT INTO orders (id, user_id, total_cents, status, created_at, updated_at)" +
				" VALUES (?, ?, ?, ?, ?, ?)"},
		{&service.insertLine, s.writes,
			"INSERT INTO order_items (order_id, position, sku, quantity, unit_price_cents)" +
				" VALUES (?, ?, ?, ?, ?)"},
	} {
		statement, err := prepared.on.Prepare(prepared.text)
		if err != nil {
			return nil, err
		}
		*prepared.statement = statement
	}
	return service, nil
}

func (s *orderService) routes(log zerolog.Logger) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/orders", byMethod(map[string]http.HandlerFunc{
		http.MethodPost: observed(log, "/orders", s.place),
	}))
	mux.HandleFunc("/orders/", byMethod(map[string]http.HandlerFunc{
		http.MethodGet: observed(log, "/orders/{id}", s.get),
	}))
	return mux
}

func (s *orderService) get(w http.ResponseWriter, r *http.Request) error {
	id, err := idIn(r, "/orders/")
	if err != nil {
		return err
	}
	var found order
	var cents, createdAt, updatedAt int64
	err = s.byID.QueryRow(id).
		Scan(&found.ID, &found.UserID, &cents, &found.Status, &createdAt, &updatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return orderUnknown
	}
	if err != nil {
		return err
	}
	found.TotalAmount = float64(cents) / 100
	found.CreatedAt, found.UpdatedAt = timestamp(createdAt), timestamp(updatedAt)
	if found.Items, err = s.itemsOf(id); err != nil {
		return err
	}
	w.Header().Set("ETag", entityTag(updatedAt))
	return writeJSON(w, http.StatusOK, found)
}

func (s *orderService) itemsOf(id string) ([]item, error) {
	rows, err := s.linesOf.Query(id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []item
	for rows.Next() {
		var line item
		var cents int64
		if err := rows.Scan(&line.SKU, &line.Quantity, &cents); err != nil {
			return nil, err
		}
		line.UnitPrice = float64(cents) / 100
		items = append(items, line)
	}
	return items, rows.Err()
}

func (n newOrder) check() error {
	if !uuidPattern.MatchString(n.UserID) {
		return problem{http.StatusUnprocessableEntity, "user_id must be a UUID"}
	}
	if len(n.Items) < 1 || len(n.Items) > 100 {
		return problem{http.StatusUnprocessableEntity, "items must be 1 to 100"}
	}
	for _, line := range n.Items {
		if count := utf8.RuneCountInString(line.SKU); count < 1 || count > 50 {
			return problem{http.StatusUnprocessableEntity, "sku must be text of 1 to 50 characters"}
		}
		if line.Quantity < 1 || line.Quantity > 1000 {
			return problem{http.StatusUnprocessableEntity, "quantity must be from 1 to 1000"}
		}
		if line.UnitPrice <= 0 || line.UnitPrice > 1000000 {
			return problem{http.StatusUnprocessableEntity, "unit_price must be above 0, at most 1000000"}
		}
	}
	return nil
}

func (s *orderService) ensureUser(ctx context.Context, id, requestID string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.usersURL+id, nil)
	if err != nil {
		return err
	}
	request.Header.Set("X-Request-Id", requestID)
	response, err := s.users.Do(request)
	if err != nil {
		return usersNotReached
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return userUnchecked
	}
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusNotFound:
		return userMissing
	default:
		return userUnchecked
	}
}

func (s *orderService) place(w http.ResponseWriter, r *http.Request) error {
	var body newOrder
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if err := body.check(); err != nil {
		return err
	}
	if err := s.ensureUser(r.Context(), body.UserID, r.Header.Get("X-Request-Id")); err != nil {
		return err
	}
	var total int64
	prices := make([]int64, len(body.Items))
	for i, line := range body.Items {
		prices[i] = int64(math.Round(line.UnitPrice * 100))
		total += line.Quantity * prices[i]
	}
	tx, err := s.writes.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	id, now := newUUID()
	insertOrder := tx.Stmt(s.insertOrder)
	if _, err := insertOrder.Exec(id, body.UserID, total, "pending", now, now); err != nil {
		return err
	}
	insertLine := tx.Stmt(s.insertLine)
	for i, line := range body.Items {
		if _, err := insertLine.Exec(id, i, line.SKU, line.Quantity, prices[i]); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	at := timestamp(now)
	w.Header().Set("Location", "/orders/"+id)
	w.Header().Set("ETag", entityTag(now))
	return writeJSON(w, http.StatusCreated,
		order{id, body.UserID, body.Items, float64(total) / 100, "pending", at, at})
}
