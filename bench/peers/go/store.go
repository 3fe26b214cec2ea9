package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"time"
)

// A userStore keeps users. A user that it does not have is the problem userUnknown, and an address that
// another user has is emailTaken.
type userStore interface {
	find(ctx context.Context, id string) (user, error)
	list(ctx context.Context, after *position, limit int) ([]user, error)
	insert(ctx context.Context, u user) error
	change(ctx context.Context, id string, wanted userChange) (user, error)
}

// An orderStore keeps orders. An order that it does not have is the problem orderUnknown.
type orderStore interface {
	find(ctx context.Context, id string) (order, error)
	insert(ctx context.Context, o order) error
}

// openStores opens the database: on a PostgreSQL server, or in a file of SQLite.
func openStores(service string) (users userStore, orders orderStore, err error) {
	url := os.Getenv("DATABASE_URL")
	isOnPostgres := strings.HasPrefix(url, "postgres:")
	switch {
	case isOnPostgres && service == "user-service":
		users, err = openPostgresUsers(url)
	case isOnPostgres:
		orders, err = openPostgresOrders(url)
	case service == "user-service":
		users, err = openSqliteUsers(url)
	default:
		orders, err = openSqliteOrders(url)
	}
	return users, orders, err
}

// newUUID gives a UUID of version 7 and the milliseconds in it.
func newUUID() (string, int64) {
	now := time.Now().UnixMilli()
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic(err)
	}
	for i := 0; i < 6; i++ {
		id[i] = byte(now >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:], id[0:4])
	hex.Encode(text[9:], id[4:6])
	hex.Encode(text[14:], id[6:8])
	hex.Encode(text[19:], id[8:10])
	hex.Encode(text[24:], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:]), now
}

func timestamp(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

func entityTag(ms int64) string {
	return `"` + strconv.FormatInt(ms, 36) + `"`
}
