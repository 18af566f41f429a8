package models

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Money is postponed by finance, the course by pedagogy too, the rest by staff: no kind is forgotten.
func TestWhoPostponesWhat(t *testing.T) {
	finance, pay, course, staff := []Role{RoleFinance}, []Role{RoleStaff, RoleFinance}, []Role{RoleStaff, RolePedagogy}, []Role{RoleStaff}
	want := map[DeadlineKind][]Role{
		DeadlineConformity: finance, DeadlinePayment: finance, DeadlineLegalCap: finance, DeadlineClaim: finance, DeadlineClientPayment: finance,
		DeadlineRecapDay: pay, DeadlineRecap: pay, DeadlineInvoiceUpload: pay,
		DeadlineSlots: course, DeadlineSlotChoice: course, DeadlineAuditReport: course, DeadlineProgramme: course, DeadlineConvocation: course,
		DeadlineSheet: course, DeadlineAbsence: course, DeadlineHot: course, DeadlineCold: course, DeadlineColdAnswer: course,
		DeadlineSilence: staff, DeadlineStaff: staff, DeadlineClientSignature: staff, DeadlineTrainerContract: staff,
	}
	for kind, roles := range want {
		require.Equal(t, roles, Deadline{Kind: kind, Awaits: RoleStaff}.PostponedBy(), kind)
	}
	require.Equal(t, finance, Deadline{Kind: DeadlineStaff, Awaits: RoleFinance}.PostponedBy(), "a payment that is late")
	require.Equal(t, course, Deadline{Kind: DeadlineStaff, Awaits: RolePedagogy}.PostponedBy(), "a programme to review")
	require.Len(t, want, len(kindsDeclared(t)), "a new kind has to be decided on")
}

// kindsDeclared are the kinds of deadline that the source declares.
func kindsDeclared(t *testing.T) (out []DeadlineKind) {
	file, err := parser.ParseFile(token.NewFileSet(), "deadline.go", nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == "DeadlineKind" {
				kind, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				out = append(out, DeadlineKind(kind))
			}
		}
		return true
	})
	return out
}
