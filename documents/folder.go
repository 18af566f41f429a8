// Package documents renders the papers of a mission as PDF and keeps them by the SHA-256 of their bytes.
package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"jalon/models"
)

// Folder keeps documents as files named by the SHA-256 of their bytes, so that what was signed cannot change unseen.
type Folder struct{ root string }

// NewFolder opens a folder, made if it is missing.
func NewFolder(root string) (*Folder, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("documents folder: %w", err)
	}
	return &Folder{root: root}, nil
}

// SHA256 is the name under which data is kept, in lower-case hexadecimal.
func SHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Put keeps data and returns its SHA-256; data already there is left alone. A reader never sees half a file.
func (f *Folder) Put(ctx context.Context, data []byte) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	sha := SHA256(data)
	name := f.path(sha)
	if _, err := os.Stat(name); err == nil {
		return sha, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", fmt.Errorf("keep document: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return "", fmt.Errorf("keep document: %w", err)
	}
	defer os.Remove(tmp.Name()) // fails once renamed
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return "", fmt.Errorf("keep document: %w", err)
	}
	return sha, nil
}

// Get is the document of that SHA-256; not_found if there is none, internal_error if its bytes changed on disk.
func (f *Folder) Get(ctx context.Context, sha string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if raw, err := hex.DecodeString(sha); err != nil || len(raw) != sha256.Size {
		return nil, models.NewError(models.CodeUnknown, "not the name of a document")
	}
	data, err := os.ReadFile(f.path(sha))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, models.NewError(models.CodeUnknown, "no such document")
	}
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	if SHA256(data) != sha {
		return nil, models.NewError(models.CodeInternal, "document "+sha+" changed on disk")
	}
	return data, nil
}

func (f *Folder) path(sha string) string { return filepath.Join(f.root, sha[:2], sha) }
