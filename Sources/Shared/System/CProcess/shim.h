#include <sys/ioctl.h>
#include <sys/prctl.h>

// prctl(2) and ioctl(2) are variadic: Swift cannot call them.

/// The kernel sends `signal` to this process when the thread that made it ends; kept over execve(2).
static inline int process_signal_on_parent_death(int signal) {
    return prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0UL, 0UL, 0UL);
}

/// How many nanoseconds late the kernel may end this thread's waits; kept by threads it makes later.
static inline int process_set_timer_slack(unsigned long nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, nanoseconds, 0UL, 0UL, 0UL);
}

/// Columns of the terminal at `descriptor`; 0 when it is none.
static inline int process_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
