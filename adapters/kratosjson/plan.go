package kratosjson

import (
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// plan is what there is to know of a message's JSON. It is found out once for each kind of message: most of what comes by
// are sessions, again and again.
type plan struct {
	// fields are those that JSON has, by their keys; inOrder are the same as the proto file has them.
	fields  map[string]*fieldPlan
	inOrder []*fieldPlan
	// extra is the field for what has none, or nil.
	extra protoreflect.FieldDescriptor
	// secret are the keys that are left out.
	secret  map[string]bool
	lenient bool
}

// field is the field that a quoted name of JSON names, or nil.
func (p *plan) field(name jsontext.Value) *fieldPlan {
	if inner := name[1 : len(name)-1]; isPlain(inner) {
		return p.fields[string(inner)]
	}
	return p.fields[unquoted(name)]
}

// isSecret tells whether a quoted name of JSON is that of a secret.
func (p *plan) isSecret(name jsontext.Value) bool {
	return len(p.secret) > 0 && p.secret[unquoted(name)]
}

func unquoted(name jsontext.Value) string {
	text, _ := jsontext.AppendUnquote(nil, name)
	return string(text)
}

type fieldPlan struct {
	protoreflect.FieldDescriptor

	kind protoreflect.Kind
	// key is its name in JSON, and quoted the same with what stands around it.
	key, quoted string
	// entry is what is in a map, or nil.
	entry *fieldPlan
	// list says that there may be several.
	list   bool
	always bool
	raw    bool
	// message is the plan of what is in it, once somebody has asked for it: a message can hold others of its kind.
	message func() *plan
}

var plans sync.Map // of *plan, by protoreflect.FullName

func planOf(message protoreflect.MessageDescriptor) *plan {
	if known, ok := plans.Load(message.FullName()); ok {
		return known.(*plan) //nolint:forcetypeassert // Nothing else is in there.
	}
	p := &plan{
		fields: map[string]*fieldPlan{}, extra: message.Fields().ByName(extraField),
		secret: secret[message.FullName()], lenient: lenient[message.FullName()],
	}
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if field.Name() == extraField || aside[field.FullName()] {
			continue
		}
		f := newFieldPlan(field)
		p.fields[f.key] = f
		p.inOrder = append(p.inOrder, f)
	}
	known, _ := plans.LoadOrStore(message.FullName(), p)
	return known.(*plan) //nolint:forcetypeassert // Nothing else is in there.
}

func newFieldPlan(field protoreflect.FieldDescriptor) *fieldPlan {
	f := &fieldPlan{
		FieldDescriptor: field, kind: field.Kind(), key: string(field.Name()), list: field.IsList(),
		always: always[field.FullName()], raw: raw[field.FullName()],
	}
	if name, ok := named[field.FullName()]; ok {
		f.key = name
	}
	f.quoted = `"` + f.key + `":`
	if field.IsMap() {
		f.entry = newFieldPlan(field.MapValue())
	}
	if message := field.Message(); message != nil {
		f.message = sync.OnceValue(func() *plan { return planOf(message) })
	}
	return f
}
