// main() for fuzzers that are built without libFuzzer: runs every file of the folders given, and
// mutations of each that are the same on every run.
//
//   fuzz_exposition [--runs N] [--seconds S] FOLDER|FILE...
//
// --runs: mutations of each seed (default 200). --seconds: stops mutating after so long, never
// skipping a seed. A crash leaves the input in fuzz-crash.bin of the working directory.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::string current;  // what is being tried, for the signal handler

void keep_crash(int signal) {
  const int file = open("fuzz-crash.bin", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) {
    (void)!write(file, current.data(), current.size());
    close(file);
  }
  constexpr std::string_view kMessage = "the input that failed is in fuzz-crash.bin\n";
  (void)!write(STDERR_FILENO, kMessage.data(), kMessage.size());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(std::string input) {
  current = std::move(input);
  // A copy of its own size, so that a sanitizer sees every step beyond the end.
  const std::vector<std::uint8_t> exact(current.begin(), current.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string mutate(std::string text) {
    for (auto count = 1 + next() % 6; count > 0; --count) change(text);
    return text;
  }

 private:
  std::uint64_t next() {  // xorshift64
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : next() % bound; }

  void change(std::string& text) {
    constexpr std::string_view kTokens = "\"\\\n\r\t {}[],=:#+-.0123456789eE_NaInf\xff\xc3";
    const std::size_t at = below(text.size() + 1);
    const std::size_t left = text.size() - at;
    switch (next() % 7) {
      case 0:
        if (left > 0) text[at] = static_cast<char>(text[at] ^ (1 << (next() % 8)));
        break;
      case 1:
        if (left > 0) text[at] = kTokens[below(kTokens.size())];
        break;
      case 2:
        text.insert(at, 1, kTokens[below(kTokens.size())]);
        break;
      case 3:
        text.erase(at, 1 + below(std::min<std::size_t>(left, 32)));
        break;
      case 4: {  // a piece of this text, once more
        const std::size_t from = below(text.size() + 1);
        text.insert(at, text.substr(from, 1 + below(64)));
        break;
      }
      case 5: {  // a piece of another seed
        const std::string& other = seeds_[below(seeds_.size())];
        text.insert(at, other.substr(below(other.size() + 1), 1 + below(64)));
        break;
      }
      default:
        text.resize(at);  // cut off
    }
    constexpr std::size_t kLongest = 1 << 20;
    if (text.size() > kLongest) text.resize(kLongest);
  }

  const std::vector<std::string>& seeds_;
  std::uint64_t state_ = 0x9e3779b97f4a7c15ull;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  long runs = 200;
  double seconds = 1e9;
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--runs" && i + 1 < argc) {
      runs = std::strtol(argv[++i], nullptr, 10);
    } else if (argument == "--seconds" && i + 1 < argc) {
      seconds = std::strtod(argv[++i], nullptr);
    } else if (std::filesystem::is_directory(argument)) {
      for (const auto& entry : std::filesystem::directory_iterator(argument)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    } else {
      files.emplace_back(argument);
    }
  }
  std::ranges::sort(files);
  if (files.empty()) {
    std::fprintf(stderr, "usage: %s [--runs N] [--seconds S] FOLDER|FILE...\n", argv[0]);
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL})
    std::signal(signal, keep_crash);

  std::vector<std::string> seeds;
  for (const auto& file : files) seeds.push_back(read_file(file));
  for (const auto& seed : seeds) run(seed);
  Mutator mutator(seeds);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  long mutated = 0;
  for (long round = 0; round < runs && std::chrono::steady_clock::now() < end; ++round) {
    for (const auto& seed : seeds) {
      run(mutator.mutate(seed));
      ++mutated;
    }
  }
  std::printf("%zu seeds and %ld mutations of them\n", seeds.size(), mutated);
  return 0;
}
