#pragma once

#include "agent/clients/postgres/connection.h"
#include "agent/clients/postgres/socket.h"

namespace basewatch::clients {

// Opens a libpq connection within the deadline. Of several addresses one that does not answer takes
// half of what is left at most, and is then asked last.
Handle connect(const ConnectRequest& request, const Deadline& deadline);

}  // namespace basewatch::clients
