package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Caller calls the documented API with a machine token.
type Caller struct {
	URL   string // of the installation, without a final slash
	Token string
	http  *http.Client
}

// NewCaller is a caller of the installation at url.
func NewCaller(url, token string) *Caller {
	return &Caller{URL: strings.TrimSuffix(url, "/"), Token: token, http: &http.Client{Timeout: 30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 5 * time.Second}}}
}

// Problem is a refusal of the API.
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	body   string
}

func (p *Problem) Error() string {
	return fmt.Sprintf("status %d, code %s: %.400s", p.Status, p.Code, p.body)
}

const callEvery = 100 * time.Millisecond

// Get reads a path under /api/v1.
func (c *Caller) Get(ctx context.Context, path string, out any) error {
	return c.call(ctx, http.MethodGet, path, "", nil, out)
}

// Post sends a body to a path under /api/v1. The key says what is done: the same one is done once.
func (c *Caller) Post(ctx context.Context, path, key string, body, out any) error {
	return c.call(ctx, http.MethodPost, path, key, body, out)
}

// call tries again for as long as the house does not answer, until ctx ends.
func (c *Caller) call(ctx context.Context, method, path, key string, body, out any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for {
		err := c.once(ctx, method, path, key, content, out)
		if !errors.Is(err, errAway) {
			if err != nil {
				err = fmt.Errorf("%s %s: %w", method, path, err)
			}
			return err
		}
		if !pause(ctx, callEvery) {
			return fmt.Errorf("%s %s: %w", method, path, errors.Join(ctx.Err(), err))
		}
	}
}

func (c *Caller) once(ctx context.Context, method, path, key string, content []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+"/api/v1"+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	req.Header.Set("Accept-Language", "fr")
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", errAway, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", errAway, err)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode == http.StatusBadGateway:
		return fmt.Errorf("%w: status %d: %.200s", errAway, resp.StatusCode, answer)
	case resp.StatusCode >= 400:
		p := &Problem{body: string(answer)}
		_ = json.Unmarshal(answer, p)
		p.Status = resp.StatusCode
		return p
	case out == nil || len(answer) == 0:
		return nil
	}
	return json.Unmarshal(answer, out)
}

type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// All reads every page of a list.
func All[T any](ctx context.Context, c *Caller, path string) ([]T, error) {
	var out []T
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	for cursor := ""; ; {
		var page list[T]
		at := path + sep + "limit=100"
		if cursor != "" {
			at += "&cursor=" + cursor
		}
		if err := c.Get(ctx, at, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if cursor = page.Next; cursor == "" {
			return out, nil
		}
	}
}
