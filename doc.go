// Package jalon is the root of the house: it holds no code, only the test that keeps the rooms apart.
package jalon
