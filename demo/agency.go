package demo

// agency is who the documents of an installation that is thrown away come from: services do not start without one.
var agency = []string{"JALON_AGENCY_NAME=Agence Exemple", "JALON_AGENCY_LEGAL_FORM=SARL au capital de 10 000 €",
	"JALON_AGENCY_ADDRESS=1 rue de l'Exemple, 75001 Paris", "JALON_AGENCY_COMPANY_NUMBER=999999907", "JALON_AGENCY_VAT_NUMBER=FR29999999907",
	"JALON_AGENCY_ACTIVITY_NUMBER=11750000000", "JALON_AGENCY_REPRESENTATIVE=Camille Exemple, gérante",
	"JALON_AGENCY_MEDIATOR=Médiation Exemple, 2 rue de l'Exemple, 75001 Paris"}
