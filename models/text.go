package models

import (
	"strings"
	"unicode"
)

// Trimmed is a text that people typed, without what does not show around it.
func Trimmed(typed string) string { return strings.TrimFunc(typed, unseen) }

// unseen tells whether a character leaves nothing on paper.
func unseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.C, unicode.Z, unicode.Other_Default_Ignorable_Code_Point)
}

// BreaksLine tells whether a character has no place in a text of one line.
func BreaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// CheckName checks what something or somebody is called, trimmed: mails write it on one line. Errors: invalid_input.
func CheckName(name string) error {
	switch {
	case name == "":
		return NewError(CodeInvalid, "needed")
	case strings.ContainsFunc(name, BreaksLine):
		return NewError(CodeInvalid, "one line is needed")
	}
	return nil
}

// FrenchSpaces puts no-break spaces before double punctuation, narrow but for the colon, before units and inside quotation
// marks; what is typed, in code and templates, holds plain ones.
var FrenchSpaces = strings.NewReplacer(" ;", "\u202f;", " :", "\u00a0:", " !", "\u202f!", " ?", "\u202f?",
	"« ", "«\u00a0", " »", "\u00a0»", " €", "\u00a0€", " %", "\u00a0%")
