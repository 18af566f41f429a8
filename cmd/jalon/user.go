package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"jalon/api"
	"jalon/models"
	"jalon/store"
)

// staffRoles are those that an account or a token may have.
var staffRoles = []models.Role{models.RoleStaff, models.RolePedagogy, models.RoleFinance, models.RoleAdmin}

// UserCmd groups what can be done with accounts.
type UserCmd struct {
	Add      UserAddCmd      `cmd:"" help:"Open a staff account; its password is printed once."`
	Password UserPasswordCmd `cmd:"" help:"Give an account a new password, printed once."`
	Token    UserTokenCmd    `cmd:"" help:"Make a token for a machine, printed once."`
}

// UserAddCmd opens an account.
type UserAddCmd struct {
	Login string        `arg:"" help:"What they sign in with."`
	Name  string        `help:"Their name." required:""`
	Email string        `help:"Where alerts about their dossiers go." required:""`
	Role  []models.Role `help:"What they may do: staff, pedagogy, finance, admin; repeated for several." default:"staff"`
	Lang  models.Lang   `help:"Language they are addressed in." enum:"fr,en" default:"fr"`
}

// Run opens the account and prints its password.
func (u UserAddCmd) Run(ctx context.Context) error {
	return withDatabase(ctx, func(st *store.Store, now time.Time) error {
		password, err := addUser(ctx, st, now, models.User{Login: u.Login, Name: u.Name, Email: u.Email, Roles: u.Role, Lang: u.Lang})
		if err != nil {
			return err
		}
		fmt.Printf("account %s opened, password %s\n", u.Login, password)
		return nil
	})
}

// UserPasswordCmd replaces a password.
type UserPasswordCmd struct {
	Login string `arg:"" help:"The account's login."`
}

// Run replaces the password and prints the new one.
func (u UserPasswordCmd) Run(ctx context.Context) error {
	return withDatabase(ctx, func(st *store.Store, _ time.Time) error {
		user, err := st.UserByLogin(ctx, strings.ToLower(u.Login))
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("no account has the login %q", u.Login)
		}
		if err != nil {
			return err
		}
		password := secret(12)
		if user.Hash, err = api.HashPassword(password); err != nil {
			return err
		}
		if err := st.SaveUser(ctx, user); err != nil {
			return err
		}
		fmt.Printf("account %s, new password %s\n", user.Login, password)
		return nil
	})
}

// UserTokenCmd makes a token.
type UserTokenCmd struct {
	Name string        `arg:"" help:"What the token is for."`
	Role []models.Role `help:"What the machine may do: staff, pedagogy, finance, admin; repeated for several." default:"staff"`
	Days int           `help:"Days until it expires, in business time; 0 never." default:"365"`
}

// Run makes the token and prints it; only its hash is kept.
func (u UserTokenCmd) Run(ctx context.Context) error {
	return withDatabase(ctx, func(st *store.Store, now time.Time) error {
		if err := checkRoles(u.Role); err != nil {
			return err
		}
		if u.Days < 0 {
			return errors.New("--days must not be negative")
		}
		token := api.NewToken()
		ref, err := st.Allocate(ctx, models.Allocation{Series: store.SeriesToken, Key: api.HashToken(token)})
		if err != nil {
			return err
		}
		t := models.Token{Ref: ref, Name: u.Name, SHA256: api.HashToken(token), Roles: u.Role, CreatedAt: now}
		if u.Days > 0 {
			t.ExpiresAt = now.AddDate(0, 0, u.Days)
		}
		if err := st.SaveToken(ctx, t); err != nil {
			return err
		}
		fmt.Println(token)
		return nil
	})
}

// withDatabase runs fn on the installation's database at the business time now.
func withDatabase(ctx context.Context, fn func(st *store.Store, now time.Time) error) error {
	c, err := ReadConfig(os.Environ(), forTools)
	if err != nil {
		return err
	}
	st, clock, err := openDatabase(ctx, c)
	if err != nil {
		return err
	}
	defer st.Close()
	return fn(st, clock.Business(time.Now()))
}

func checkRoles(roles []models.Role) error {
	for _, r := range roles {
		if !slices.Contains(staffRoles, r) {
			return fmt.Errorf("no such role: %q; there are staff, pedagogy, finance and admin", r)
		}
	}
	return nil
}

// addUser opens an account with a random password, which it answers.
func addUser(ctx context.Context, st *store.Store, now time.Time, u models.User) (password string, err error) {
	u.Login = strings.ToLower(strings.TrimSpace(u.Login))
	if err := checkRoles(u.Roles); err != nil {
		return "", err
	}
	if models.CheckEmail(u.Email) != nil {
		return "", fmt.Errorf("not an e-mail address alone: %q", u.Email)
	}
	if u.Login == "" || strings.ContainsAny(u.Login, " \t") {
		return "", errors.New("a login has no spaces and is not empty")
	}
	if _, err := st.UserByLogin(ctx, u.Login); err == nil {
		return "", fmt.Errorf("the login %s is taken", u.Login)
	} else if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	password = secret(12)
	if u.Hash, err = api.HashPassword(password); err != nil {
		return "", err
	}
	if u.Ref, err = st.Allocate(ctx, models.Allocation{Series: store.SeriesUser, Key: u.Login}); err != nil {
		return "", err
	}
	u.Active, u.CreatedAt = true, now
	return password, st.SaveUser(ctx, u)
}

// secret is n random bytes as text that can be typed.
func secret(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
