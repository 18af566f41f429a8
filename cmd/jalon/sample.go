package main

import (
	"context"
	"fmt"
	"time"

	"jalon/models"
	"jalon/store"
)

// The sample agency: enough to run a mission at once. Everybody in it is made up, every address reserved for examples,
// every company and bank account number well formed and given to nobody.
var (
	sampleCourses = []models.Course{
		{Topic: "tableur", TitleFR: "Tableur", TitleEN: "Spreadsheets", Similar: "analyse-de-donnees", Adjacent: "bureautique"},
		{Topic: "analyse-de-donnees", TitleFR: "Analyse de données", TitleEN: "Data analysis", Similar: "tableur", Adjacent: "bases-de-donnees"},
		{Topic: "bureautique", TitleFR: "Bureautique", TitleEN: "Office software", Adjacent: "tableur"},
		{Topic: "bases-de-donnees", TitleFR: "Bases de données", TitleEN: "Databases", Adjacent: "analyse-de-donnees"},
		{Topic: "anglais-professionnel", TitleFR: "Anglais professionnel", TitleEN: "Business English"},
		{Topic: "management-equipe", TitleFR: "Management d'équipe", TitleEN: "Team management"},
	}

	sampleClient = models.Client{Type: models.ClientSME, Name: "Société Exemple", Company: "999999980", VATNumber: "FR54999999980",
		Address: "1 rue de l'Exemple, 69001 Lyon"}

	// The first asks and signs, the second is billed.
	sampleContacts = []models.Contact{
		{Name: "Contact Exemple", Email: "contact@example.org", Phone: "+33 1 99 00 00 01", Lang: models.French},
		{Name: "Comptabilité Exemple", Email: "comptabilite@example.org", Lang: models.French},
	}

	// Four teach spreadsheets, one something similar, one something adjacent, two something else.
	sampleTrainers = []models.Trainer{
		{Name: "Formatrice Alpha", Email: "alpha@example.org", Lang: models.French, Department: "69", Address: "1 rue Alpha, 69001 Lyon",
			LegalForm: models.FormCompany, Company: "999999915", VATStatus: models.VATTaxable, VATNumber: "FR53999999915",
			Titles: "Titre professionnel de formateur d’adultes", NDA: "84690000001", Label: true, IBAN: "FR7699999000010000000000115", SelfBilling: true,
			RateCents: 45000, RateUnit: models.UnitDay, Skills: []models.Skill{{Topic: "tableur", Level: 5}}},
		{Name: "Formateur Bravo", Email: "bravo@example.org", Lang: models.French, Department: "69", Address: "2 rue Bravo, 69002 Lyon",
			LegalForm: models.FormMicro, Company: "999999923", VATStatus: models.VATFranchise,
			Titles: "Titre professionnel de formateur d’adultes", NDA: "84690000002", IBAN: "FR7699999000010000000000212", SelfBilling: true,
			RateCents: 38000, RateUnit: models.UnitDay, Skills: []models.Skill{{Topic: "tableur", Level: 4}, {Topic: "bureautique", Level: 4}}},
		{Name: "Formatrice Charlie", Email: "charlie@example.org", Lang: models.French, Department: "38", Address: "3 rue Charlie, 38000 Grenoble",
			LegalForm: models.FormMicro, Company: "999999931", VATStatus: models.VATFranchise,
			Titles: "Titre professionnel de formateur d’adultes", NDA: "84380000003", IBAN: "FR7699999000010000000000309", SelfBilling: true,
			RateCents: 42000, RateUnit: models.UnitDay, Skills: []models.Skill{{Topic: "tableur", Level: 4}, {Topic: "bases-de-donnees", Level: 3}}},
		{Name: "Formateur Delta", Email: "delta@example.org", Lang: models.French, Department: "75", Address: "4 rue Delta, 75004 Paris",
			LegalForm: models.FormCompany, Company: "999999949", VATStatus: models.VATTaxable, VATNumber: "FR04999999949",
			Titles: "Titre professionnel de formateur d’adultes", NDA: "11750000004", IBAN: "FR7699999000010000000000406",
			RateCents: 60000, RateUnit: models.UnitDay, Skills: []models.Skill{{Topic: "tableur", Level: 3}}},
		{Name: "Trainer Echo", Email: "echo@example.org", Lang: models.English, Department: "42", Address: "5 rue Echo, 42000 Saint-Étienne",
			LegalForm: models.FormUmbrella, Intermediary: "Portage Exemple", Company: "999999956", VATStatus: models.VATTaxable, VATNumber: "FR58999999956",
			Titles: "Titre professionnel de formateur d’adultes", NDA: "84420000005", IBAN: "FR7699999000010000000000503",
			RateCents: 25000, RateUnit: models.UnitHalfDay, Skills: []models.Skill{{Topic: "analyse-de-donnees", Level: 5}}},
		{Name: "Formatrice Foxtrot", Email: "foxtrot@example.org", Lang: models.French, Department: "01", Address: "6 rue Foxtrot, 01000 Bourg-en-Bresse",
			LegalForm: models.FormMicro, Company: "999999964", VATStatus: models.VATFranchise,
			Titles: "Titre professionnel de formateur d’adultes", NDA: "84010000006", IBAN: "FR7699999000010000000000697", SelfBilling: true,
			RateCents: 35000, RateUnit: models.UnitDay, Skills: []models.Skill{{Topic: "bureautique", Level: 5}}},
		{Name: "Trainer Golf", Email: "golf@example.org", Lang: models.English, Department: "69", Address: "7 rue Golf, 69007 Lyon",
			LegalForm: models.FormMicro, Company: "999999972", VATStatus: models.VATFranchise,
			Titles: "Titre professionnel de formateur d’adultes", NDA: "84690000007", IBAN: "FR7699999000010000000000794", SelfBilling: true,
			RateCents: 6000, RateUnit: models.UnitHour, Skills: []models.Skill{{Topic: "anglais-professionnel", Level: 5}}},
		{Name: "Formateur Hôtel", Email: "hotel@example.org", Lang: models.French, Department: "69", Address: "8 rue Hôtel, 69008 Lyon",
			LegalForm: models.FormCompany, Company: "999999998", VATStatus: models.VATTaxable, VATNumber: "FR11999999998",
			Titles: "Titre professionnel de formateur d’adultes", NDA: "84690000008", Label: true, IBAN: "FR7699999000010000000000988",
			RateCents: 80000, RateUnit: models.UnitDay, Skills: []models.Skill{{Topic: "management-equipe", Level: 5}}},
	}
)

// loadSample writes the sample agency where there is no catalogue yet.
func loadSample(ctx context.Context, st *store.Store, now time.Time) error {
	courses, err := st.Courses(ctx)
	if err != nil || len(courses) > 0 {
		return err
	}
	number := func(series string, key any) (string, error) {
		return st.Allocate(ctx, models.Allocation{Series: series, Key: fmt.Sprintf("sample/%v", key)})
	}
	for _, c := range sampleCourses {
		if err := st.SaveCourse(ctx, c); err != nil {
			return err
		}
	}
	client := sampleClient
	client.CreatedAt = now
	if client.Ref, err = number(store.SeriesClient, 1); err != nil {
		return err
	}
	if err := st.SaveClient(ctx, client); err != nil {
		return err
	}
	for _, c := range sampleContacts {
		c.ClientRef = client.Ref
		if c.Ref, err = number(store.SeriesContact, c.Email); err != nil {
			return err
		}
		if err := st.SaveContact(ctx, c); err != nil {
			return err
		}
	}
	for _, t := range sampleTrainers {
		t.CreatedAt, t.Active, t.Validated = now, true, true
		if t.Ref, err = number(store.SeriesTrainer, t.Email); err != nil {
			return err
		}
		if err := st.SaveTrainer(ctx, t); err != nil {
			return err
		}
	}
	return nil
}
