// Package activities holds the side effects that processes ask for, and the courier that brings facts to them. Every
// activity may run more than once for the same input; only references go in and out, never personal data.
package activities

import (
	"sync"

	"jalon/documents"
	"jalon/models"
	"jalon/store"
)

// Activities are registered under their method names.
type Activities struct {
	Store     *store.Store
	Documents *documents.Folder
	Clock     models.Clock
	Agency    documents.Agency // who issues the documents

	steps sync.Map // steps being written: workflow ID → time.Time of their first attempt
}
