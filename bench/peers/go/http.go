package main

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
)

var (
	requestsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "http_requests_total",
		Help: "Responses sent",
	}, []string{"method", "endpoint", "status"})
	requestDuration = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds",
		Help: "Time to the response",
	}, []string{"method", "endpoint"})
)

const mostBytes = 1 << 20

var uuidPattern = regexp.MustCompile(
	`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// A problem is an error that is sent to the client.
type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (p problem) Error() string { return p.Detail }

// A handler responds to a request to one route, or fails with a problem.
type handler func(w http.ResponseWriter, r *http.Request) error

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// identified gives every request an id, and its response the same id.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if id == "" {
			id, _ = newUUID()
			r.Header.Set("X-Request-Id", id)
		}
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r)
	})
}

// observed adds metrics, the log line and error handling to a handler.
func observed(log zerolog.Logger, endpoint string, handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		startedAt := time.Now()
		id := r.Header.Get("X-Request-Id")
		recorded := &recorder{ResponseWriter: w, status: http.StatusOK}
		if err := handle(recorded, r); err != nil {
			known, ok := err.(problem)
			if !ok {
				log.Error().Err(err).Str("request_id", id).Msg("failed")
				known = problem{http.StatusInternalServerError, "Internal error"}
			}
			writeJSON(recorded, known.Status, known)
		}
		took := time.Since(startedAt)
		requestsTotal.WithLabelValues(r.Method, endpoint, strconv.Itoa(recorded.status)).Inc()
		requestDuration.WithLabelValues(r.Method, endpoint).Observe(took.Seconds())
		log.Info().Str("request_id", id).Str("method", r.Method).Str("route", endpoint).
			Str("path", r.URL.Path).Int("status", recorded.status).
			Float64("duration_ms", float64(took.Microseconds())/1000).Msg("request")
	}
}

// byMethod picks the handler of a method.
func byMethod(handlers map[string]http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if handle, ok := handlers[r.Method]; ok {
			handle(w, r)
			return
		}
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func writeJSON(w http.ResponseWriter, status int, value interface{}) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}

func readJSON(w http.ResponseWriter, r *http.Request, into interface{}) error {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBytes)).Decode(into); err != nil {
		return problem{http.StatusUnprocessableEntity, "Body does not fit: " + err.Error()}
	}
	return nil
}

// idIn gives the id that a path ends with.
func idIn(r *http.Request, prefix string) (string, error) {
	id := r.URL.Path[len(prefix):]
	if !uuidPattern.MatchString(id) {
		return "", problem{http.StatusUnprocessableEntity, "Must be a UUID"}
	}
	return id, nil
}

func serve(mux *http.ServeMux) error {
	mux.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("/metrics", promhttp.Handler())
	server := &http.Server{
		Addr:              os.Getenv("HOST") + ":" + os.Getenv("PORT"),
		Handler:           identified(mux),
		ReadHeaderTimeout: 10 * time.Second,
	}
	return server.ListenAndServe()
}
