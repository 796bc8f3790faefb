package import Queue

extension GooglePubSubClient {
    /// What source and sink of one project are in.
    ///
    /// Two addresses may lead to one emulator, so all of them are one.
    ///
    /// - Parameter project: as it is set, not as a full name has it.
    package nonisolated func store(project: String) -> StoreIdentity {
        StoreIdentity(.googlePubSub, named: "\(monitoring == nil ? "emulator" : server)/\(project)")
    }
}
