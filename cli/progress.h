// The progress line: on a terminal one line on stderr that is rewritten, elsewhere a plain line now
// and then. Work of less than two seconds shows none.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace vmacheck::cli {

class Progress {
  public:
    Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() { clear(); }

    // `text` is only asked for when the time for a line has come.
    void show(const std::function<std::string()>& text);
    // Before anything else is printed.
    void clear();

    // Sleeps for the time between two looks at a child.
    static void pause();

  private:
    bool terminal_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point next_;
};

}  // namespace vmacheck::cli
