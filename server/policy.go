package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// policy says which caller may call what, by the RPCs: "/package.Service/Method", "/package.Service/" for all of a service's,
// or "/" for all. Whoever it does not name may call nothing.
type policy map[string]*callers

// policyFile is a policy as it is written, in YAML or JSON.
type policyFile struct {
	Rules []struct {
		Callers []string `yaml:"callers"`
		Methods []string `yaml:"methods"`
	} `yaml:"rules"`
}

// parsePolicy reads a policy. What it does not know it refuses: a rule that is misspelt would allow less than its author
// thinks, and be found out when it is too late.
func parsePolicy(contents ...[]byte) (policy, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(contents[0]))
	decoder.KnownFields(true)
	var file policyFile
	if err := decoder.Decode(&file); err != nil {
		return nil, err
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something behind the first document")
	}
	if len(file.Rules) == 0 {
		return nil, errors.New("there are no rules in it")
	}
	p := policy{}
	for i, rule := range file.Rules {
		if len(rule.Callers) == 0 || len(rule.Methods) == 0 {
			return nil, fmt.Errorf("rule %d: it has to name callers and methods", i+1)
		}
		for _, method := range rule.Methods {
			for _, caller := range rule.Callers {
				if err := p.add(caller, method); err != nil {
					return nil, fmt.Errorf("rule %d: %w", i+1, err)
				}
			}
		}
	}
	return p, nil
}

// add adds who may call what, as it is written.
func (p policy) add(caller, method string) error {
	key, err := methodKeyOf(method)
	if err != nil {
		return err
	}
	if p[key] == nil {
		p[key] = new(callers)
	}
	if caller == string(anonymous) {
		p[key].addExact(anonymous)
		return nil
	}
	return p[key].add(caller)
}

// everything is how a policy says "all", of RPCs or of a service's methods.
const everything = "*"

// methodKeyOf is a pattern of RPCs as a policy has it for a key. With or without a slash in front is the same: logs have it,
// and grpcurl has not.
func methodKeyOf(pattern string) (string, error) {
	if pattern == everything {
		return "/", nil
	}
	service, method, _ := strings.Cut(strings.TrimPrefix(pattern, "/"), "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	described, ok := found.(protoreflect.ServiceDescriptor)
	switch {
	case err != nil, !ok:
		return "", fmt.Errorf("%q: there is no such service", pattern)
	case method == everything:
		return "/" + service + "/", nil
	case described.Methods().ByName(protoreflect.Name(method)) == nil:
		return "", fmt.Errorf("%q: there is no such method; all of the service's are %s/*", pattern, service)
	}
	return "/" + service + "/" + method, nil
}

// allows tells whether a caller may call an RPC, "/package.Service/Method".
func (p policy) allows(who caller, method string) bool {
	return p["/"].has(who) || p[method].has(who) || p[method[:strings.LastIndexByte(method, '/')+1]].has(who)
}
