// sofia-sip's timers run on its su_now(), which is the wall clock: a step back by an hour would stop them all for an
// hour (retransmissions, timeouts of transactions, the sweep of bindings), and a step forward would end every
// transaction at once. It asks a hook for the time; this one says that of the steady clock.
#pragma once

namespace strowger::sip {

// From now on, in the whole process. Threads: any, before a root or an agent is made.
void keep_sofia_time_steady();

}  // namespace strowger::sip
