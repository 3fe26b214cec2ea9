// Both services in the way of a Go team: net/http, SQLite, Prometheus, zerolog.
package main

import (
	"net/http"
	"os"

	"github.com/rs/zerolog"
)

func main() {
	service := os.Args[1]
	zerolog.TimeFieldFormat = zerolog.TimeFormatUnixMs
	log := zerolog.New(os.Stdout).With().Timestamp().Str("service", service).Logger()
	store, err := openStore()
	if err != nil {
		log.Fatal().Err(err).Msg("cannot open the database")
	}
	var mux *http.ServeMux
	if service == "user-service" {
		users, err := newUserService(store)
		if err != nil {
			log.Fatal().Err(err).Msg("cannot start")
		}
		mux = users.routes(log)
	} else {
		orders, err := newOrderService(store)
		if err != nil {
			log.Fatal().Err(err).Msg("cannot start")
		}
		mux = orders.routes(log)
	}
	log.Fatal().Err(serve(mux)).Msg("ended")
}
