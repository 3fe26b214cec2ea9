package main

import (
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3"
)

// A store reads through a pool of connections and writes through one, so that writers queue here
// instead of waiting for SQLite's lock. Statements run without a context: the driver starts a goroutine
// for each row of a query that can be cancelled.
type store struct {
	reads  *sql.DB
	writes *sql.DB
}

// openStore opens the database; a commit returns when its data is on the disk.
func openStore() (*store, error) {
	url := "file:" + strings.TrimPrefix(os.Getenv("DATABASE_URL"), "sqlite:") +
		"?_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_busy_timeout=5000&_txlock=immediate"
	reads, err := sql.Open("sqlite3", url)
	if err != nil {
		return nil, err
	}
	reads.SetMaxOpenConns(8)
	reads.SetMaxIdleConns(8)
	writes, err := sql.Open("sqlite3", url)
	if err != nil {
		return nil, err
	}
	writes.SetMaxOpenConns(1)
	return &store{reads, writes}, writes.Ping()
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
