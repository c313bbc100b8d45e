// Package dnsconfig stands in for a library that points a desktop's resolver at Nebula; here no resolver is ever touched.
package dnsconfig

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
)

var (
	ErrConfigurationDeclined = errors.New("this build leaves the host's resolver alone")
	ErrInterfaceRequired     = errors.New("no interface was named")
)

type BackendKind int

const BackendAuto BackendKind = 0

type Config struct {
	Nameservers   []netip.Addr
	SearchDomains []string
	MatchDomains  []string
}

func (c Config) IsSplit() bool { return len(c.MatchDomains) > 0 }
func (Config) Validate() error { return nil }

type Options struct {
	Identity      string
	InterfaceName string
	Logger        *slog.Logger
	ForceBackend  BackendKind
}

// Manager declines every configuration, which Nebula logs and goes on without.
type Manager struct{}

func New(context.Context, Options) (*Manager, error) { return &Manager{}, nil }
func ValidateIdentity(string) error                  { return nil }
func (*Manager) Set(Config) error                    { return ErrConfigurationDeclined }
func (*Manager) Clear() error                        { return nil }
func (*Manager) Close() error                        { return nil }
