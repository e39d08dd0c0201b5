#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "agent/base/clock.h"

// What a connection is made of: libpq's calls with a deadline around them.
namespace basewatch::clients {

using Handle = std::unique_ptr<PGconn, void (*)(PGconn*)>;
using ResultHandle = std::unique_ptr<PGresult, void (*)(PGresult*)>;

// Waits until the socket can be read, or written, or the deadline has passed: then false.
bool wait_for(int fd, bool reading, bool writing, const Deadline& deadline);

// Says goodbye and waits until the server's process has gone, or until `most` has passed: it counts
// against the limits of its role and of the server for some milliseconds after its client has left,
// in which the next connection would be refused.
void part(Handle connection, Duration most);

// libpq's last words on one line, without what stands around them.
std::string words_of(const char* message);

}  // namespace basewatch::clients
