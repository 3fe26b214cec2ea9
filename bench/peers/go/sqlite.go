package main

import (
	"database/sql"
	"strings"

	_ "github.com/mattn/go-sqlite3"
)

// A sqliteStore reads through a pool of connections and writes through one, so that writers queue here
// instead of waiting for SQLite's lock. Statements run without a context: the driver starts a goroutine
// for each row of a query that can be cancelled.
type sqliteStore struct {
	reads  *sql.DB
	writes *sql.DB
}

// A prepared statement, and where it goes.
type prepared struct {
	statement **sql.Stmt
	on        *sql.DB
	text      string
}

// openSqlite opens the database; a commit returns when its data is on the disk.
func openSqlite(url string) (*sqliteStore, error) {
	url = "file:" + strings.TrimPrefix(url, "sqlite:") +
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
	return &sqliteStore{reads, writes}, writes.Ping()
}

func prepare(all []prepared) error {
	for _, each := range all {
		statement, err := each.on.Prepare(each.text)
		if err != nil {
			return err
		}
		*each.statement = statement
	}
	return nil
}
