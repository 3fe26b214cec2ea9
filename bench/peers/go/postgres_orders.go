package main

import (
	"context"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

type postgresOrders struct{ pool *pgxpool.Pool }

// A storedItem is an element of the column items.
type storedItem struct {
	SKU            string `json:"sku"`
	Quantity       int64  `json:"quantity"`
	UnitPriceCents int64  `json:"unit_price_cents"`
}

func openPostgresOrders(url string) (postgresOrders, error) {
	pool, err := openPostgres(url)
	return postgresOrders{pool}, err
}

func (s postgresOrders) find(ctx context.Context, id string) (order, error) {
	var found order
	var createdAt int64
	var items []storedItem
	err := s.pool.QueryRow(ctx, "SELECT id, user_id, items, total_cents, status, created_at, updated_at"+
		" FROM orders WHERE id = $1", id).Scan(&found.ID, &found.UserID, &items, &found.totalCents,
		&found.Status, &createdAt, &found.updatedAt)
	if err == pgx.ErrNoRows {
		return found, orderUnknown
	}
	if err != nil {
		return found, err
	}
	found.complete(createdAt)
	found.Items = make([]item, len(items))
	for i, stored := range items {
		found.Items[i] = item{stored.SKU, stored.Quantity, float64(stored.UnitPriceCents) / 100}
	}
	return found, nil
}

func (s postgresOrders) insert(ctx context.Context, o order) error {
	items := make([]storedItem, len(o.Items))
	for i, line := range o.Items {
		items[i] = storedItem{line.SKU, line.Quantity, toCents(line.UnitPrice)}
	}
	_, err := s.pool.Exec(ctx, "INSERT INTO orders"+
		" (id, user_id, items, item_count, total_cents, status, created_at, updated_at)"+
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		o.ID, o.UserID, items, len(items), o.totalCents, o.Status, o.updatedAt, o.updatedAt)
	return err
}
