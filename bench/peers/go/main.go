// Both services in the way of a Go team: net/http, SQLite or pgx, Prometheus, zerolog.
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
	users, orders, err := openStores(service)
	if err != nil {
		log.Fatal().Err(err).Msg("cannot open the database")
	}
	var mux *http.ServeMux
	if service == "user-service" {
		mux = (&userService{users}).routes(log)
	} else {
		mux = newOrderService(orders).routes(log)
	}
	log.Fatal().Err(serve(mux)).Msg("ended")
}
