package main

import (
	"context"

	"github.com/jackc/pgx/v4/pgxpool"
)

// As many sessions as every peer has.
const maxSessions = 10

// openPostgres opens a pool. It prepares each statement once on each session, and keeps it.
func openPostgres(url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = maxSessions
	return pgxpool.ConnectConfig(context.Background(), config)
}
