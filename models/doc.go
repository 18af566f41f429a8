// Package models is the domain of Jalon: entities and their statuses, facts and commands, deadlines, money, calendar
// and policy. It is pure: no I/O, no Temporal, no HTTP. Struct tags say how package store keeps a type; instants are
// UTC with microseconds, dates are ISO strings in the policy's zone, money is integer cents.
package models
