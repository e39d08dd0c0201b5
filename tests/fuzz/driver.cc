// main() of the fuzzers: runs every file of the folders given, and mutations of them. In a build
// with BASEWATCH_FUZZ an input that takes a new way through the code becomes a seed itself;
// otherwise the mutations are the same on every run.
//
//   fuzz_exposition [--runs N] [--seconds S] [--keep FOLDER] FOLDER|FILE...
//
// --runs: mutations for each seed given (default 200, or no limit with --seconds alone).
// --seconds: ends after so long, but never before every seed was run. --keep: where new seeds are
// written, and read again. A crash leaves the input in fuzz-crash.bin of the working directory.
#include <fcntl.h>
#include <unistd.h>

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

extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Pairs of places that followed each other: the ways through the code, roughly.
constexpr std::size_t kWays = 1 << 16;
std::uint8_t seen_now[kWays];
std::uint8_t seen_ever[kWays];
std::uintptr_t last_place = 0;

// Whether the run that ended took a way, or took one so many times more often, as none before.
[[maybe_unused]] bool took_new_way() {
  bool is_new = false;
  for (std::size_t i = 0; i < kWays; ++i) {
    std::uint8_t count = 0;  // as a bit: once, twice, up to 4, 8, 16 ... times
    for (std::uint8_t n = seen_now[i]; n != 0; n >>= 1) count = count ? count << 1 : 1;
    if ((count & ~seen_ever[i]) != 0) is_new = true;
    seen_ever[i] |= count;
    seen_now[i] = 0;
  }
  last_place = 0;
  return is_new;
}

std::string current;  // what is being tried, for the signal handler

void keep_input() {
  const int file = open("fuzz-crash.bin", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) {
    (void)!write(file, current.data(), current.size());
    close(file);
  }
  constexpr std::string_view kMessage = "the input that failed is in fuzz-crash.bin\n";
  (void)!write(STDERR_FILENO, kMessage.data(), kMessage.size());
}

void on_signal(int signal) {
  keep_input();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// True when the input is worth keeping.
bool run(std::string input) {
  current = std::move(input);
  // A copy of its own size, so that a sanitizer sees every step beyond the end.
  const std::vector<std::uint8_t> exact(current.begin(), current.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
#ifdef BASEWATCH_FUZZ
  return took_new_way();
#else
  return false;
#endif
}

class Mutator {
 public:
  std::string mutate(const std::vector<std::string>& seeds) {
    std::string text = seeds[below(seeds.size())];
    for (auto count = 1 + next() % 6; count > 0; --count) change(text, seeds);
    return text;
  }

 private:
  std::uint64_t next() {  // xorshift64
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : next() % bound; }

  void change(std::string& text, const std::vector<std::string>& seeds) {
    constexpr std::string_view kTokens =
        "\"\\\n\r\t {}[]()<>,=:#+-.*%$/'0123456789eE_NaInf\xff\xc3";
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
        const std::string& other = seeds[below(seeds.size())];
        text.insert(at, other.substr(below(other.size() + 1), 1 + below(64)));
        break;
      }
      default:
        text.resize(at);  // cut off
    }
    constexpr std::size_t kLongest = 1 << 16;
    if (text.size() > kLongest) text.resize(kLongest);
  }

  std::uint64_t state_ = 0x9e3779b97f4a7c15ull;
};

struct Arguments {
  long runs = 200;
  double seconds = 1e9;
  std::filesystem::path keep;
  std::vector<std::filesystem::path> files;

  void add(const std::filesystem::path& path) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      return;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
};

Arguments read_arguments(int argc, char** argv) {
  Arguments result;
  bool has_runs = false, has_seconds = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--") && i + 1 == argc) break;
    if (argument == "--runs") {
      result.runs = std::strtol(argv[++i], nullptr, 10);
      has_runs = true;
    } else if (argument == "--seconds") {
      result.seconds = std::strtod(argv[++i], nullptr);
      has_seconds = true;
    } else if (argument == "--keep") {
      result.keep = argv[++i];
      std::filesystem::create_directories(result.keep);
      result.add(result.keep);
    } else {
      result.add(argument);
    }
  }
  if (has_seconds && !has_runs) result.runs = 1'000'000'000;
  std::ranges::sort(result.files);
  return result;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

void keep_seed(const std::filesystem::path& folder, const std::string& seed) {
  if (folder.empty()) return;
  const auto name = std::to_string(std::hash<std::string>()(seed)) + ".seed";
  std::ofstream(folder / name, std::ios::binary) << seed;
}

}  // namespace

#ifdef BASEWATCH_FUZZ
// The compiler calls it at every branch of the instrumented code.
extern "C" void __sanitizer_cov_trace_pc() {
  const auto place = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  std::uint8_t& count = seen_now[(place ^ last_place) % kWays];
  if (count < 255) ++count;
  last_place = place >> 1;
}
#endif

int main(int argc, char** argv) {
  const Arguments arguments = read_arguments(argc, argv);
  if (arguments.files.empty()) {
    std::fprintf(stderr, "usage: %s [--runs N] [--seconds S] [--keep FOLDER] FOLDER|FILE...\n",
                 argv[0]);
    return 2;
  }
  if (__sanitizer_set_death_callback) {
    __sanitizer_set_death_callback(keep_input);
    std::signal(SIGABRT, on_signal);  // it reports the others better
  } else {
    for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) {
      std::signal(signal, on_signal);
    }
  }

  std::vector<std::string> seeds;
  for (const auto& file : arguments.files) seeds.push_back(read_file(file));
  for (const auto& seed : seeds) run(seed);
  Mutator mutator;
  const auto given = static_cast<long>(seeds.size());
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(arguments.seconds);
  long mutated = 0;
  while (mutated / given < arguments.runs && std::chrono::steady_clock::now() < end) {
    std::string input = mutator.mutate(seeds);
    ++mutated;
    if (run(input)) {
      keep_seed(arguments.keep, input);
      seeds.push_back(std::move(input));
    }
  }
  std::printf("%ld seeds, %ld mutations of them, %zu new ways\n", given, mutated,
              seeds.size() - static_cast<std::size_t>(given));
  return 0;
}
