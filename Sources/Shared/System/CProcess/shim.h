#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>

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

/// Rows of the terminal at `descriptor`; 0 when it is none.
static inline int process_terminal_rows(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

// Settings of a terminal are bytes to Swift: it may take a struct of the C library for one of another module.

/// How many bytes the settings of a terminal are.
static inline int process_terminal_settings_size(void) { return sizeof(struct termios); }

/// Each key is read at once and is not shown; of the keys that send signals only that of SIGINT stays.
///
/// Copies what was set before to `settings`; tcsetattr(3).
static inline int process_terminal_take_keys(int descriptor, void *settings) {
    struct termios now;
    if (tcgetattr(descriptor, &now) != 0) return -1;
    __builtin_memcpy(settings, &now, sizeof now);
    now.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    now.c_iflag &= ~(tcflag_t)IXON;
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    // _POSIX_VDISABLE is 0 on Linux.
    now.c_cc[VQUIT] = now.c_cc[VSUSP] = 0;
    return tcsetattr(descriptor, TCSAFLUSH, &now);
}

/// Sets what `process_terminal_take_keys` has copied.
static inline int process_terminal_restore(int descriptor, const void *settings) {
    struct termios before;
    __builtin_memcpy(&before, settings, sizeof before);
    return tcsetattr(descriptor, TCSAFLUSH, &before);
}
