/// What a message on an outgoing link stands for in its stage.
package enum Origin: Sendable, Hashable {
    /// A request that this process has leased, by the stage's own number.
    case lease(UInt64)
    /// A message that has arrived on the incoming link.
    case message(IncomingLink.Ticket)
}
