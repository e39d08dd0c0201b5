#include "exporters/node/read/sysfs.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/node/support.h"

namespace basewatch::node {

TEST_CASE("sysfs: attributes, numbers, links and names") {
  const Tree tree;
  tree.write("class/net/b/address", " 00:11 \n");
  tree.write("class/net/b/mtu", "1500\n");
  tree.write("class/net/b/temp", "-5\n");
  tree.write("class/net/b/part", "0.5\n");
  tree.write("class/net/b/flags", "0x1003\n");
  tree.write("class/net/b/device/model", "x\n");
  tree.write("class/net/b/empty", "");
  tree.write("class/net/a/mtu", "1\n");
  std::filesystem::create_directory_symlink("../../bus/virtio_net/", tree.path("class/net/b/drv"));

  CHECK(!SysFolder::open(tree.path("class/none")));
  CHECK(!SysFolder::open(tree.path("class/net/b/mtu")));  // no folder
  const auto net = SysFolder::open(tree.path("class/net"));
  REQUIRE(net);
  CHECK(net->names() == std::vector<std::string>{"a", "b"});
  tree.write("class/net/0/mtu", "1\n");  // what comes is seen, also through the same folder
  CHECK(net->names() == std::vector<std::string>{"0", "a", "b"});

  const auto device = net->folder("b");
  REQUIRE(device);
  CHECK(device->text("address") == "00:11");
  CHECK(device->text("empty") == "");
  CHECK(device->text("device/model") == "x");
  CHECK(device->whole("mtu") == 1500);
  CHECK(device->integer("temp") == -5);
  CHECK(device->number("part") == 0.5);
  CHECK(device->whole("flags") == 0x1003);
  CHECK(!device->whole("empty"));
  CHECK(!device->whole("none"));
  CHECK(device->link("drv") == "virtio_net");
  CHECK(!device->link("mtu"));
  CHECK(thrown([&] { device->whole("address"); }) ==
        tree.path("class/net/b/address") + ": '00:11' is no number");
}

TEST_CASE("sysfs: missing, forbidden and what a driver refuses are told apart") {
  const Tree tree;
  tree.write("d/secret", "1\n");
  tree.write("d/huge", std::string(1 << 20, '1'));
  std::filesystem::create_directory(tree.path("d/folder"));
  std::filesystem::create_symlink("loop", tree.path("d/loop"));
  std::filesystem::create_symlink("nowhere", tree.path("d/dangling"));
  REQUIRE(mkfifo(tree.path("d/pipe").c_str(), 0600) == 0);
  const auto folder = SysFolder::open(tree.path("d"));
  REQUIRE(folder);
  for (const auto* name : {"none", "loop", "dangling", "secret/below"}) {
    CHECK_MESSAGE(folder->read(name).is_missing(), name);
  }
  CHECK(folder->read("folder").error == EISDIR);
  CHECK(!folder->read("folder").is_missing());
  CHECK(folder->read("huge").error == EFBIG);
  CHECK(folder->read(std::string(5000, 'x')).error == ENAMETOOLONG);
  CHECK(folder->read("pipe").text.empty());  // does not wait for a writer
  CHECK(!folder->folder("loop"));
  Attribute refused;
  refused.error = EACCES;
  CHECK(refused.is_forbidden());
  CHECK(!refused.is_missing());
  if (geteuid() != 0) {  // root reads everything
    chmod(tree.path("d/secret").c_str(), 0);
    CHECK(folder->read("secret").is_forbidden());
  }
}

TEST_CASE("sysfs: a folder that went while it is open is empty, not an error") {
  const Tree tree;
  tree.write("d/a", "1\n");
  const auto folder = SysFolder::open(tree.path("d"));
  std::filesystem::remove_all(tree.path("d"));
  CHECK(folder->names().empty());
  CHECK(folder->read("a").is_missing());
}

TEST_CASE("sysfs: numbers, also hexadecimal ones") {
  CHECK(parse_whole_attribute("0") == 0);
  CHECK(parse_whole_attribute("012") == 12);
  CHECK(parse_whole_attribute("0x1F") == 31);
  CHECK(parse_whole_attribute("0xffffffffffffffff") == ~0ull);
  for (const auto* bad : {"", "0x", "-1", "1 ", "0x1ffffffffffffffff", "0x-1", "x", "1.5"}) {
    CHECK_MESSAGE(!parse_whole_attribute(bad), bad);
  }
  CHECK(parse_integer_attribute("-1") == -1);
  CHECK(parse_integer_attribute("0x10") == 16);
  CHECK(!parse_integer_attribute("9223372036854775808"));
  CHECK(parse_number_attribute("-1.5") == -1.5);
  CHECK(parse_number_attribute("18446744073709551615") == 18446744073709551615.0);
  for (const auto* bad : {"", "nan", "inf", "1e999", "1,5"}) {
    CHECK_MESSAGE(!parse_number_attribute(bad), bad);
  }
}

}  // namespace basewatch::node
