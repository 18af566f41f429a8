package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

// mail puts three mails in the mailbox and returns the link in the first.
func (h *pageHouse) mail() string {
	h.t.Helper()
	link := h.link(models.LinkAnswer, dossier+"/1/invitation/1")
	for i, m := range []models.MailboxItem{
		{Key: "invitation/1", To: "t42@example.org", Subject: "Une mission pour vous " + hostile, Template: "invitation", Dossier: dossier,
			Text: "Bonjour,\n\nRépondez ici : " + link + ".\n\nÀ bientôt", Attach: []string{sha},
			HTML: `<!doctype html><html><head><title>x</title></head><body><script>parent.document.title="volé"</script><p>Bonjour</p><a href="` + link + `">Répondre</a></body></html>`},
		{Key: "invitation/2", To: "t43@example.org", Subject: "A mission", Template: "invitation", Text: "Hello"},
		{Key: "recap/1", To: "t42@example.org", Subject: "Votre relevé", Template: "recap", Text: "Relevé"},
	} {
		m.MessageID, m.At = m.Key, paris(20, 9, i)
		require.NoError(h.t, h.store.KeepMail(h.t.Context(), m))
	}
	return link
}

func TestMailboxShowsEveryMail(t *testing.T) {
	h := newPageHouse(t)
	link := h.mail()
	list := h.get(h.url + "/mailbox")
	wellMade(t, list)
	require.Equal(t, 3, list.Find("ul.plain li").Length())
	require.Equal(t, "Votre relevé", list.Find("ul.plain a").First().Text(), "newest first")
	require.Equal(t, 2, h.get(h.url+"/mailbox?to=t42@example.org").Find("ul.plain li").Length())
	require.Equal(t, http.StatusBadRequest, h.get(h.url+"/mailbox?cursor=x").status)

	item := h.get(h.url + list.Find("ul.plain a").Last().AttrOr("href", ""))
	wellMade(t, item)
	require.Equal(t, "Une mission pour vous "+hostile, item.Find("h1").Text())
	require.Equal(t, 1, item.Find(fmt.Sprintf(`a[href="%s"]`, link)).Length(), "the link can be clicked")
	require.Contains(t, item.Find("pre").Text(), "Bonjour")
	frame := item.Find("iframe")
	require.NotContains(t, frame.AttrOr("sandbox", "allow-scripts"), "allow-scripts")

	body := h.get(h.url + frame.AttrOr("src", ""))
	require.Contains(t, body.header.Get("Content-Security-Policy"), "sandbox")
	require.Contains(t, body.header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Equal(t, 1, body.Find(`base[target="_blank"]`).Length())

	file := h.get(h.url + item.Find(`a[href^="/mailbox/file"]`).AttrOr("href", ""))
	require.Equal(t, http.StatusOK, file.status)
	require.Equal(t, "application/pdf", file.header.Get("Content-Type"))
	require.Contains(t, file.header.Get("Content-Disposition"), "attachment")
	require.Equal(t, http.StatusNotFound, h.get(h.url+"/mailbox/file?key=recap%2F1&sha256="+sha).status, "not attached to that mail")
	missing := h.get(h.url + "/mailbox/item?key=none")
	require.Equal(t, http.StatusNotFound, missing.status)
	wellMade(t, missing)
}

func TestMailboxIsPaged(t *testing.T) {
	h := newPageHouse(t)
	for i := range mailboxPage + 1 {
		require.NoError(t, h.store.KeepMail(t.Context(), models.MailboxItem{Key: fmt.Sprint("m/", i), To: "a@example.org", Subject: fmt.Sprint("Message ", i), At: paris(1, 9, 0).Add(time.Duration(i) * time.Minute)}))
	}
	first := h.get(h.url + "/mailbox?to=a@example.org")
	require.Equal(t, mailboxPage, first.Find("ul.plain li").Length())
	second := h.get(h.url + first.Find("a[rel=next]").AttrOr("href", ""))
	require.Equal(t, 1, second.Find("ul.plain li").Length())
	require.Equal(t, "Message 0", second.Find("ul.plain a").Text())
	wellMade(t, second)
}

func TestMailboxForPrograms(t *testing.T) {
	h := newPageHouse(t)
	link := h.mail()
	list := func(query url.Values) []mailboxEntry {
		res, err := http.Get(h.url + "/mailbox.json?" + query.Encode())
		require.NoError(t, err)
		defer res.Body.Close()
		require.Equal(t, http.StatusOK, res.StatusCode)
		var out struct{ Items []mailboxEntry }
		require.NoError(t, json.NewDecoder(res.Body).Decode(&out))
		return out.Items
	}
	all := list(nil)
	require.Len(t, all, 3)
	require.Equal(t, "invitation/1", all[0].Key, "oldest first")
	require.Equal(t, []mailLink{{link, models.LinkAnswer}}, all[0].Links)
	require.Equal(t, dossier, all[0].Dossier)
	require.Len(t, list(url.Values{"template": {"invitation"}}), 2)
	require.Len(t, list(url.Values{"to": {"t42@example.org"}, "template": {"invitation"}}), 1)
	require.Len(t, list(url.Values{"since": {all[1].At.Format(time.RFC3339Nano)}}), 2, "inclusive")
	require.Empty(t, list(url.Values{"to": {"nobody@example.org"}}))
	require.Equal(t, http.StatusBadRequest, h.get(h.url+"/mailbox.json?since=hier").status)
}

func TestHomeSaysWhereToGo(t *testing.T) {
	h := newPageHouse(t)
	p := h.get(h.url + "/")
	require.Equal(t, http.StatusOK, p.status)
	wellMade(t, p)
	for _, href := range []string{"/mailbox", "/openapi.json", "http://localhost:8233"} {
		require.Equal(t, 1, p.Find(fmt.Sprintf(`main a[href="%s"]`, href)).Length(), href)
	}
	css := p.Find("link[rel=stylesheet]").AttrOr("href", "")
	require.True(t, strings.HasPrefix(css, "/static/"))
	require.Equal(t, http.StatusOK, h.get(h.url+css).status)
}

func TestAddressesThatLeadNowhere(t *testing.T) {
	h := newPageHouse(t)
	r, err := http.NewRequest(http.MethodGet, h.url+"/nulle-part", nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	p := h.send(r)
	require.Equal(t, http.StatusNotFound, p.status)
	require.Equal(t, "not_found", p.code())
	wellMade(t, p)
	r.Header.Set("Accept", "application/json")
	require.Equal(t, "application/problem+json", h.send(r).header.Get("Content-Type"))
}

func TestMailboxTellsWhatHasNotLeftYet(t *testing.T) {
	h := newPageHouse(t)
	require.Zero(t, h.get(h.url+"/mailbox").Find("[role=status]").Length())
	var messages []models.Message
	for key, leaves := range map[string]time.Time{"left": paris(25, 13, 0), "a": paris(26, 8, 0), "b": paris(26, 8, 0), "reminder": paris(30, 8, 0)} {
		messages = append(messages, models.Message{Key: key, Template: "recap", Status: models.MessageQueued, NotBefore: leaves, CreatedAt: leaves})
	}
	h.apply(models.Step{Messages: messages})
	p := h.get(h.url + "/mailbox")
	wellMade(t, p)
	require.Equal(t, "2 messages ne sont pas encore partis : ils partiront jeudi 26 novembre 2026 à 8 h 00. 1 autre est prévu plus tard, comme les rappels.",
		strings.Join(strings.Fields(strings.ReplaceAll(p.Find("[role=status]").Text(), "\u00a0", " ")), " "))
	require.Contains(t, h.get(h.url+"/mailbox?lang=en").Find("[role=status]").Text(), "2 messages have not left yet")
}
