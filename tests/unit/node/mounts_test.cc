#include "exporters/node/read/mounts.h"

#include <doctest/doctest.h>

#include "tests/unit/node/support.h"

namespace basewatch::node {

TEST_CASE("a line of mountinfo") {
  const auto mounts = parse_mounts(
      "36 35 98:0 /root /mnt\\040a\\011b\\134c\\012d rw,noatime master:1 shared:2 - ext3 "
      "/dev/s\\040a "
      "rw,errors=continue\n"
      "37 35 0:30 / /ro ro,relatime - tmpfs tmpfs rw,size=4k\n"
      "38 35 0:31 / /super rw - ext4 /dev/sdb ro\n"
      "39 35 0:32 / /stopped rw - ext4 /dev/sdc rw,emergency_ro\n"
      "40 35 0:33 / /empty rw - fuse  rw\n"
      "41 35 0:34 / /rover rw,rodeo - x y z,error\n");
  REQUIRE(mounts.size() == 6);
  CHECK(mounts[0].mountpoint == "/mnt a\tb\\c\nd");
  CHECK(mounts[0].device == "/dev/s\\040a");  // node_exporter keeps it so
  CHECK(mounts[0].type == "ext3");
  CHECK(mounts[0].major == "98");
  CHECK(mounts[0].minor == "0");
  CHECK(!mounts[0].is_read_only);
  CHECK(mounts[1].is_read_only);
  CHECK(mounts[2].is_read_only);
  CHECK(mounts[3].is_read_only);
  CHECK(mounts[4].device.empty());
  CHECK(!mounts[5].is_read_only);
}

TEST_CASE("what is no mountinfo is refused with its line") {
  for (const auto* bad : {"x", "36 35 98:0 / /mnt rw master:1", "36 35 98 / /mnt rw - ext3 a rw",
                          "36 35 a:b / /mnt rw - ext3 a rw", "36 35 98:0 / /mnt rw - ext3 a",
                          "36 35 98:0 / /mnt rw -", "- - - - - - - -", " "}) {
    const auto text = "36 35 98:0 / /mnt rw - ext3 /dev/sda rw\n" + std::string(bad) + "\n";
    CHECK_MESSAGE(thrown([&] { parse_mounts(Source(text, "/proc/1/mountinfo")); }) ==
                      "/proc/1/mountinfo:2: this is no line of mountinfo",
                  bad);
  }
  CHECK(parse_mounts("").empty());
}

TEST_CASE("escapes that are none stay as they are") {
  CHECK(parse_mounts("1 1 1:1 / /a\\9\\04\\ rw - t d s\n")[0].mountpoint == "/a\\9\\04\\");
  CHECK(parse_mounts("1 1 1:1 / /a\\777 rw - t d s\n")[0].mountpoint == "/a\\777");
}

TEST_CASE("the prefix of the host's root is taken off whole names only") {
  CHECK(strip_root("/host/var", "/host") == "/var");
  CHECK(strip_root("/host", "/host") == "/");
  CHECK(strip_root("/host/var", "/host/") == "/var");
  CHECK(strip_root("/hostel", "/host") == "/hostel");
  CHECK(strip_root("/var", "/") == "/var");
  CHECK(strip_root("/var", "") == "/var");
}

}  // namespace basewatch::node
