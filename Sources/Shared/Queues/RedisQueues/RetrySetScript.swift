import Redis

/// What scripts need that look through a retry set: `retrySetOf`; see the file.
package enum RetrySetScript {
    package static let text = ScriptText.joined(PackageResources.retry_set_lua)
}
