package main

import (
	"context"
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
	totalCents  int64
	updatedAt   int64
}

// complete fills what is sent of an order from what is stored.
func (o *order) complete(createdAt int64) {
	o.TotalAmount = float64(o.totalCents) / 100
	o.CreatedAt, o.UpdatedAt = timestamp(createdAt), timestamp(o.updatedAt)
}

func toCents(price float64) int64 { return int64(math.Round(price * 100)) }

type newOrder struct {
	UserID string `json:"user_id"`
	Items  []item `json:"items"`
}

type orderService struct {
	store    orderStore
	users    *http.Client
	usersURL string
}

var (
	orderUnknown    = problem{http.StatusNotFound, "Order not found"}
	userMissing     = problem{http.StatusBadRequest, "User does not exist"}
	userUnchecked   = problem{http.StatusBadGateway, "Failed to validate user"}
	usersNotReached = problem{http.StatusServiceUnavailable, "User service unavailable"}
)

func newOrderService(store orderStore) *orderService {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = 512
	return &orderService{
		store:    store,
		users:    &http.Client{Transport: transport, Timeout: 30 * time.Second},
		usersURL: os.Getenv("USER_SERVICE_URL") + "/users/",
	}
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
	found, err := s.store.find(r.Context(), id)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", entityTag(found.updatedAt))
	return writeJSON(w, http.StatusOK, found)
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
	id, now := newUUID()
	placed := order{ID: id, UserID: body.UserID, Items: body.Items, Status: "pending", updatedAt: now}
	for _, line := range body.Items {
		placed.totalCents += line.Quantity * toCents(line.UnitPrice)
	}
	placed.complete(now)
	if err := s.store.insert(r.Context(), placed); err != nil {
		return err
	}
	w.Header().Set("Location", "/orders/"+id)
	w.Header().Set("ETag", entityTag(now))
	return writeJSON(w, http.StatusCreated, placed)
}
