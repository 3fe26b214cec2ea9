package main

import (
	"context"
	"database/sql"
	"errors"
)

type sqliteOrders struct {
	*sqliteStore
	byID, linesOf, insertOrder, insertLine *sql.Stmt
}

func openSqliteOrders(url string) (*sqliteOrders, error) {
	s, err := openSqlite(url)
	if err != nil {
		return nil, err
	}
	orders := &sqliteOrders{sqliteStore: s}
	return orders, prepare([]prepared{
		{&orders.byID, s.reads,
			"SELECT id, user_id, total_cents, status, created_at, updated_at FROM orders WHERE id = ?"},
		{&orders.linesOf, s.reads,
			"SELECT sku, quantity, unit_price_cents FROM order_items WHERE order_id = ? ORDER BY position"},
		{&orders.insertOrder, s.writes,
			"INSERT INTO orders (id, user_id, total_cents, status, created_at, updated_at)" +
				" VALUES (?, ?, ?, ?, ?, ?)"},
		{&orders.insertLine, s.writes,
			"INSERT INTO order_items (order_id, position, sku, quantity, unit_price_cents)" +
				" VALUES (?, ?, ?, ?, ?)"},
	})
}

func (s *sqliteOrders) find(_ context.Context, id string) (order, error) {
	var found order
	var createdAt int64
	err := s.byID.QueryRow(id).Scan(
		&found.ID, &found.UserID, &found.totalCents, &found.Status, &createdAt, &found.updatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return found, orderUnknown
	}
	if err != nil {
		return found, err
	}
	found.complete(createdAt)
	rows, err := s.linesOf.Query(id)
	if err != nil {
		return found, err
	}
	defer rows.Close()
	for rows.Next() {
		var line item
		var cents int64
		if err := rows.Scan(&line.SKU, &line.Quantity, &cents); err != nil {
			return found, err
		}
		line.UnitPrice = float64(cents) / 100
		found.Items = append(found.Items, line)
	}
	return found, rows.Err()
}

func (s *sqliteOrders) insert(_ context.Context, o order) error {
	tx, err := s.writes.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insertOrder := tx.Stmt(s.insertOrder)
	_, err = insertOrder.Exec(o.ID, o.UserID, o.totalCents, o.Status, o.updatedAt, o.updatedAt)
	if err != nil {
		return err
	}
	insertLine := tx.Stmt(s.insertLine)
	for i, line := range o.Items {
		if _, err := insertLine.Exec(o.ID, i, line.SKU, line.Quantity, toCents(line.UnitPrice)); err != nil {
			return err
		}
	}
	return tx.Commit()
}
