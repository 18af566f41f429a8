package main

import (
	"bytes"
	"fmt"
	"image"
	"math/big"
	netmail "net/mail"
	"os"
	"strings"

	"jalon/documents"
)

// sampleAgency stands where no agency is described, in a development installation only: contracts, certificates and
// invoices must never bear it in earnest.
var sampleAgency = Agency{Name: "Agence Exemple", LegalForm: "SARL au capital de 10 000 €", Address: "1 rue de l'Exemple, 75001 Paris",
	Company: "999999907", Establishment: "99999990700010", Register: "RCS Paris", VATNumber: "FR29999999907", Activity: "11750000000",
	Representative: "Camille Exemple, gérante", Phone: "01 99 00 00 00", Mediator: "Médiation Exemple, 2 rue de l'Exemple, 75001 Paris",
	IBAN: "FR3999999000010000000000199"}

// agency is who issues the documents.
func (c Config) agency() (documents.Agency, error) {
	a := c.Agency
	out := documents.Agency{Name: a.Name, LegalForm: a.LegalForm, Address: a.Address, Company: a.Company, Establishment: a.Establishment,
		Register: a.Register, VATNumber: a.VATNumber, ActivityNumber: a.Activity, Representative: a.Representative, Phone: a.Phone,
		HouseRules: a.HouseRules, Mediator: a.Mediator, IBAN: a.IBAN}
	if from, err := netmail.ParseAddress(c.MailFrom); err == nil {
		out.Email = from.Address
	}
	for _, p := range []struct {
		path string
		into *[]byte
	}{{a.Logo, &out.Logo}, {a.Stamp, &out.Stamp}} {
		if p.path == "" {
			continue
		}
		data, err := os.ReadFile(p.path)
		if err != nil {
			return out, fmt.Errorf("picture of the agency: %w", err)
		}
		*p.into = data
	}
	return out, nil
}

func (a Agency) validate() (bad Problems) {
	for _, f := range []struct{ name, value string }{{"NAME", a.Name}, {"LEGAL_FORM", a.LegalForm}, {"ADDRESS", a.Address}, {"REPRESENTATIVE", a.Representative}} {
		if strings.TrimSpace(f.value) == "" {
			bad.add("JALON_AGENCY_"+f.name, "is missing: contracts and invoices must bear it")
		}
	}
	if !digits(a.Company, 9) {
		bad.add("JALON_AGENCY_COMPANY_NUMBER", "must be nine digits, not %q", a.Company)
	}
	if a.Establishment != "" && (!digits(a.Establishment, 14) || !strings.HasPrefix(a.Establishment, a.Company)) {
		bad.add("JALON_AGENCY_ESTABLISHMENT_NUMBER", "must be fourteen digits that begin with the company number, not %q", a.Establishment)
	}
	if a.VATNumber != "" && (len(a.VATNumber) != 13 || !strings.HasPrefix(a.VATNumber, "FR") || !strings.HasSuffix(a.VATNumber, a.Company)) {
		bad.add("JALON_AGENCY_VAT_NUMBER", "must be FR, two characters and the company number, not %q", a.VATNumber)
	}
	if a.Activity != "" && !digits(a.Activity, 11) {
		bad.add("JALON_AGENCY_ACTIVITY_NUMBER", "must be eleven digits, not %q", a.Activity)
	}
	if a.HouseRules != "" && !webAddress(a.HouseRules) {
		bad.add("JALON_AGENCY_HOUSE_RULES_URL", "must be an http or https address, not %q", a.HouseRules)
	}
	if a.IBAN != "" && !validIBAN(a.IBAN) {
		bad.add("JALON_AGENCY_IBAN", "must be an IBAN without spaces whose check digits are right")
	}
	for _, p := range []struct{ name, path string }{{"LOGO", a.Logo}, {"STAMP", a.Stamp}} {
		if p.path == "" {
			continue
		}
		data, err := os.ReadFile(p.path)
		if err == nil {
			_, _, err = image.DecodeConfig(bytes.NewReader(data)) // the formats that documents can show
		}
		if err != nil {
			bad.add("JALON_AGENCY_"+p.name, "must name a PNG or JPEG file: %s", err)
		}
	}
	return bad
}

func digits(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }

// validIBAN checks an IBAN as ISO 13616 does: moved and read as a number, it leaves 1 when divided by 97.
func validIBAN(s string) bool {
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	var number strings.Builder
	for _, r := range s[4:] + s[:4] {
		switch {
		case r >= '0' && r <= '9':
			number.WriteRune(r)
		case r >= 'A' && r <= 'Z':
			fmt.Fprint(&number, r-'A'+10)
		default:
			return false
		}
	}
	n, ok := new(big.Int).SetString(number.String(), 10)
	return ok && n.Mod(n, big.NewInt(97)).Int64() == 1
}
