// Package shared is the session cache's second level: a Redis, or a Valkey, that replicas share, and by which they tell
// each other what has changed.
//
//	replica A ── asks: Find ──▶ Redis ◀── keeps: Keep ── replica B
//	replica A ── a change: Tell ──▶ Redis ── published ──▶ replica B: forgets, and acknowledges
//
// # What is in Redis
//
// Names are HMACs under a key that is derived from the secret that replicas share; values and messages are sealed with
// XChaCha20-Poly1305 under another one, bound to the name, channel and kind that they are for. What can't be opened is not
// there. Nobody who reads Redis learns a credential, an id or a trait. Every key expires.
//
//   - e:NAME is an answer, by its credential. Before what is sealed stand the incarnation of Redis, the names of the session
//     and the identity, and their versions when it was kept.
//   - v:NAME is the version of a session or an identity: the incarnation, and something random.
//   - g is the generation: the incarnation, and something random.
//
// # Why an answer from Redis is never older than a change
//
// All is written so that what is missing is distrusted: a Redis that was flushed, or evicts, only forgets.
//
//   - A change deletes the versions of what it concerns, the entries of its credentials, and the generation. The next who
//     asks makes a new generation, and the next entry a new version; being random, none comes back.
//   - An entry counts as long as the versions that it names are there, unchanged.
//   - Before Kratos is asked, the generation is read; the answer is kept only if it is still the same then. An answer that was
//     asked for before a change and arrives after it is not kept.
//   - Each script does all that at once, and looks at the incarnation, which is the master's replication id: a Redis that was
//     restarted from a snapshot or has taken over from another one has a new id, and what is older counts no more, for the
//     last changes may be missing there. A Redis that is no master is not asked.
//
// Only sessions are kept, not that there is none: that is not good for long, and anybody could fill Redis with it.
//
// Times are measured by Redis's clock, so that those of replicas may differ: an entry says when it was asked for, as Redis
// told before that, and how long it is good. Who finds it computes its age and bounds its lifetime by its own TTL too. As
// a guard against a clock of Redis that was set back, or somebody who puts old values back, the end is in it by the writer's
// clock too: it is not good beyond that by more than a minute.
//
// # What a replica may still believe
//
// What replicas keep in memory is right as long as they hear of changes. Each publishes a beat every now and then, which
// says: what was changed through me has been told. A replica trusts its memory, and Redis, only if it has received its own
// beat, and one of each of the others, within the lease: the way from Redis is alive, and nobody has anything to tell. A
// beat that comes to Redis late is dropped there, and one that was read late counts from when it must have been published.
// So a change that can't be told shows elsewhere within [Bound] nonetheless. What was learned before a subscription was
// confirmed is not trusted after it, for messages may have been missed.
//
// Who can't trust its memory still uses what was asked of Kratos within the lease, which is within the same bound: without
// Redis, Kratos is asked once for a session in that time, not for each call.
//
// A change is told before its call returns, and the call waits until the other replicas have said that they know, for at
// most the timeout. What can't be told is told later, in front of the next beat. A replica that stopped in order says so;
// one that was just not heard of for a while is taken for dead, and waited for no longer. What was asked for before that is
// outdated then: it may have been killed between a change and telling of it.
package shared
