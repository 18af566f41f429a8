package api

import (
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2/validation"

	"jalon/models"
)

// said is what faults are in the reader's language. They are named in English, ours as those of the library that reads
// the input.
func said(lang models.Lang, faults []Fault) []Fault {
	out := make([]Fault, len(faults))
	for i, f := range faults {
		if lang != models.English {
			f.Message = frenchFault(f.Message)
		}
		out[i] = f
	}
	return out
}

func frenchFault(message string) string {
	if french, ok := frenchFaults[message]; ok {
		return french
	}
	for _, f := range filledFaults {
		if f.english.MatchString(message) {
			return f.english.ReplaceAllString(message, f.french)
		}
	}
	return frenchFaults[unreadable]
}

// unreadable is said of what no other words describe.
const unreadable = "not readable as what is expected here"

// frenchFaults are what is said of a field, in French. A verb of the English stands for a value, $1 and $2 for the same in
// French.
var frenchFaults = map[string]string{
	unreadable: "ce n’est pas lisible comme ce qui est attendu ici",

	"a PDF is needed":                                         "un PDF est nécessaire",
	"a PDF, a JPEG or a PNG is needed":                        "un PDF, une image JPEG ou PNG est nécessaire",
	"a client is needed":                                      "un client est nécessaire",
	"a half-day lasts %d minutes at least":                    "une demi-journée dure au moins $1 minutes",
	"a half-day lasts %d hours at most":                       "une demi-journée dure au plus $1 heures",
	"a level is 1 to 5":                                       "un niveau va de 1 à 5",
	"a line is decided once":                                  "une ligne ne se décide qu’une fois",
	"a name or an address is needed":                          "un nom ou une adresse est nécessaire",
	"a quantity is 0 or more, in hundredths":                  "une quantité vaut 0 ou plus, en centièmes",
	"a rate and its unit are needed":                          "un tarif et son unité sont nécessaires",
	"a rate needs its unit":                                   "un tarif a besoin de son unité",
	"a postponed deadline is later than before":               "une échéance se reporte à plus tard",
	"a session has at least one half-day":                     "une séance a au moins une demi-journée",
	"a session keeps its number of half-days":                 "une séance déplacée garde son nombre de demi-journées",
	"at the time of another session":                          "c’est au moment d’une autre séance",
	"no session to plan":                                      "aucune séance n’est à planifier",
	"no such line to decide":                                  "cette ligne n’est pas à décider",
	"the call has still to take place":                        "l’échange n’a pas encore eu lieu",
	"this deadline cannot be postponed":                       "cette échéance ne se reporte pas",
	"this deadline is not open":                               "cette échéance n’est pas ouverte",
	"a SIREN has nine digits":                                 "un SIREN a neuf chiffres",
	"a topic is a slug":                                       "un thème s’écrit en minuscules, chiffres et tirets",
	"already past":                                            "c’est déjà passé",
	"an address alone is needed, such as camille@example.org": "une adresse seule est nécessaire, comme camille@example.org",
	"an individual has none":                                  "un particulier n’en a pas",
	"another absence covers some of these days":               "une autre absence couvre déjà certains de ces jours",
	"at least one slot is needed":                             "au moins un créneau est nécessaire",
	"before what it is about began":                           "c’est avant le début de ce dont il s’agit",
	"before the end of the one before":                        "c’est avant la fin de la précédente",
	"before the first day":                                    "c’est avant le premier jour",
	"before the invoice was issued":                           "c’est avant l’émission de la facture",
	"by the hour, the number of hours is needed":              "à l’heure, le nombre d’heures est nécessaire",
	"either a known client or a new one":                      "soit un client connu, soit un nouveau",
	"ends before it starts":                                   "la fin précède le début",
	"expected an RFC 3339 instant":                            "un instant est attendu, selon la RFC 3339",
	"held remotely, it needs a link, or who will send it":     "à distance, il faut un lien, ou qui l’enverra",
	"interested or declined":                                  "interested ou declined",
	"isolated or complex":                                     "isolated ou complex",
	"listed twice":                                            "deux fois dans la liste",
	"more than %d years ahead":                                "c’est dans plus de $1 ans",
	"more than a year":                                        "c’est plus d’un an",
	"more than a year ago":                                    "c’était il y a plus d’un an",
	"more than a year later":                                  "c’est plus d’un an plus tard",
	"needed":                                                  "nécessaire",
	"no such account":                                         "ce compte n’existe pas",
	"no such active trainer":                                  "ce formateur n’existe pas ou n’est plus actif",
	"no such client":                                          "ce client n’existe pas",
	"no such half-day":                                        "cette demi-journée n’existe pas",
	"not a known partner":                                     "ce partenaire n’est pas connu",
	"not in the catalogue":                                    "ce n’est pas au catalogue",
	"not of this client":                                      "ce n’est pas quelqu’un de ce client",
	"not one of the slots offered":                            "ce n’est pas un des créneaux proposés",
	"not one to record here":                                  "cela ne s’enregistre pas ici",
	"one line is needed":                                      "une seule ligne est nécessaire",
	"registered already":                                      "déjà inscrit",
	"say which lines are contested":                           "indiquez les lignes contestées",
	"somebody else":                                           "il faut quelqu’un d’autre",
	"somebody to talk to is needed":                           "il faut un interlocuteur",
	"still to come":                                           "c’est encore à venir",
	"the same file is kept for something else":                "le même fichier est gardé pour autre chose",
	"this mode needs an address":                              "ce mode a besoin d’une adresse",
	"use the one a page gave":                                 "utilisez celui qu’une page a donné",
	"5 MB at most":                                            "5 Mo au plus",
	"%d to %d":                                                "de $1 à $2",

	validation.MsgUnexpectedProperty:                 "ce champ n’existe pas",
	validation.MsgExpectedRFC3339DateTime:            "une date et une heure sont attendues, selon la RFC 3339",
	validation.MsgExpectedRFC1123DateTime:            "une date et une heure sont attendues, selon la RFC 1123",
	validation.MsgExpectedRFC3339Date:                "une date est attendue, selon la RFC 3339",
	validation.MsgExpectedRFC3339Time:                "une heure est attendue, selon la RFC 3339",
	validation.MsgExpectedRFC5322Email:               "une adresse électronique est attendue",
	validation.MsgExpectedRFC5890Hostname:            "un nom de machine est attendu",
	validation.MsgExpectedRFC2673IPv4:                "une adresse IPv4 est attendue",
	validation.MsgExpectedRFC2373IPv6:                "une adresse IPv6 est attendue",
	validation.MsgExpectedRFCIPAddr:                  "une adresse IP est attendue",
	validation.MsgExpectedRFC3986URI:                 "une adresse URI est attendue",
	validation.MsgExpectedRFC4122UUID:                "un UUID est attendu",
	validation.MsgExpectedRFC6570URITemplate:         "un modèle d’adresse est attendu, selon la RFC 6570",
	validation.MsgExpectedRFC6901JSONPointer:         "un pointeur JSON est attendu",
	validation.MsgExpectedRFC6901RelativeJSONPointer: "un pointeur JSON relatif est attendu",
	validation.MsgExpectedRegexp:                     "une expression rationnelle est attendue",
	validation.MsgExpectedMatchAtLeastOneSchema:      "cela ne correspond à aucune des formes attendues",
	validation.MsgExpectedMatchExactlyOneSchema:      "cela ne correspond à aucune des formes attendues",
	validation.MsgExpectedNotMatchSchema:             "cette forme n’est pas permise",
	validation.MsgExpectedPropertyNameInObject:       "le champ qui dit la forme manque",
	validation.MsgExpectedBoolean:                    "true ou false est attendu",
	validation.MsgExpectedDuration:                   "une durée est attendue",
	validation.MsgExpectedNumber:                     "un nombre est attendu",
	validation.MsgExpectedInteger:                    "un nombre entier est attendu",
	validation.MsgExpectedString:                     "un texte est attendu",
	validation.MsgExpectedBase64String:               "un texte en base64 est attendu",
	validation.MsgExpectedArray:                      "une liste est attendue",
	validation.MsgExpectedObject:                     "un objet est attendu",
	validation.MsgExpectedArrayItemsUnique:           "la liste répète un élément",
	validation.MsgExpectedOneOf:                      "une de ces valeurs est attendue : $1",
	validation.MsgExpectedMinimumNumber:              "un nombre d’au moins $1 est attendu",
	validation.MsgExpectedExclusiveMinimumNumber:     "un nombre supérieur à $1 est attendu",
	validation.MsgExpectedMaximumNumber:              "un nombre d’au plus $1 est attendu",
	validation.MsgExpectedExclusiveMaximumNumber:     "un nombre inférieur à $1 est attendu",
	validation.MsgExpectedNumberBeMultipleOf:         "un multiple de $1 est attendu",
	validation.MsgExpectedMinLength:                  "longueur minimale : $1",
	validation.MsgExpectedMaxLength:                  "longueur maximale : $1",
	validation.MsgExpectedBePattern:                  "forme attendue : $1",
	validation.MsgExpectedMatchPattern:               "forme attendue : $1",
	validation.MsgExpectedMinItems:                   "nombre minimal d’éléments : $1",
	validation.MsgExpectedMaxItems:                   "nombre maximal d’éléments : $1",
	validation.MsgExpectedMinProperties:              "nombre minimal de champs : $1",
	validation.MsgExpectedMaxProperties:              "nombre maximal de champs : $1",
	validation.MsgExpectedRequiredProperty:           "le champ $1 est nécessaire",
	validation.MsgExpectedDependentRequiredProperty:  "le champ $1 est nécessaire avec $2",

	// What the library says of an address, it keeps to itself.
	"invalid boolean":                                                 "true ou false est attendu",
	"invalid date/time for format %s":                                 "une date et une heure sont attendues, selon la RFC 3339",
	"invalid floating value":                                          "un nombre est attendu",
	"invalid integer":                                                 "un nombre entier est attendu",
	"required %s parameter is missing":                                "ce paramètre est nécessaire",
	"unknown query parameter":                                         "ce paramètre n’existe pas",
	"expected at most one value, but received multiple values":        "une seule valeur est attendue",
	"expected value to match exactly one schema but matched multiple": "cela correspond à plusieurs des formes attendues",
}

type filledFault struct {
	english *regexp.Regexp
	french  string
}

// filledFaults are those that hold a value, the longest first: what is said shortly would cover what is said exactly.
var filledFaults = func() (out []filledFault) {
	for english, french := range frenchFaults {
		if strings.Contains(english, "%") {
			pattern := strings.NewReplacer("%d", `(\d+)`, "%s", "(.+)", "%v", "(.+)").Replace(regexp.QuoteMeta(english))
			out = append(out, filledFault{regexp.MustCompile("^" + pattern + "$"), french})
		}
	}
	slices.SortFunc(out, func(a, b filledFault) int { return len(b.english.String()) - len(a.english.String()) })
	return out
}()
