using System.Collections.Immutable;
using System.Net;
using System.Text;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>What became of an attempt to connect, and the way every packet of it took.</summary>
public sealed record ConnectionVerdict
{
    /// <summary>How it ended for the client.</summary>
    public required ConnectionOutcome Outcome { get; init; }

    /// <summary>The client: a Pod (<c>NAMESPACE/NAME</c>) or a Node.</summary>
    public required string Source { get; init; }

    /// <summary>The address and port that were asked for.</summary>
    public required IPEndPoint Requested { get; init; }

    /// <summary>Why it did not succeed, in one sentence; null when delivered.</summary>
    public string? Reason { get; init; }

    /// <summary>The Pod or Node that the first packet reached; null when it reached nobody.</summary>
    public string? Receiver { get; init; }

    /// <summary>Whether <see cref="Receiver"/> is not the one the caller said it meant.</summary>
    public bool IsWrongReceiver { get; init; }

    /// <summary>Others that have the address that was asked for: the connection could as well have ended there.</summary>
    public ImmutableArray<string> AlsoHeldBy { get; init; } = [];

    /// <summary>The client's address as the receiver saw it, after SNAT; null when nobody received anything.</summary>
    public IPAddress? SourceSeen { get; init; }

    /// <summary>How long the client waits for the outcome: 1 s after a retransmission, 3 s for unanswered ARP, else 0.</summary>
    /// <remarks>Not for <see cref="ConnectionOutcome.TimedOut"/>, which lasts as long as the client's patience.</remarks>
    public TimeSpan Delay { get; init; }

    /// <summary>Everything that happened, in order.</summary>
    public ImmutableArray<Hop> Path { get; init; } = [];

    internal NetworkNamespace? ReceiverNamespace { get; init; }

    /// <summary>The program that was reached; null when nobody listens or nothing arrived.</summary>
    internal Listener? Listener { get; init; }

    /// <summary>The verdict in one line, then one line a hop.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(Source).Append(" -> ").Append(Requested).Append(": ").Append(Outcome);
        if (Receiver is not null)
        {
            text.Append(IsWrongReceiver ? ", at the WRONG receiver " : ", at ").Append(Receiver)
                .Append(", which sees ").Append(SourceSeen);
        }

        if (Delay > TimeSpan.Zero)
        {
            text.Append(", after ").Append((int)Delay.TotalSeconds).Append(" s");
        }

        if (Reason is not null)
        {
            text.Append(": ").Append(Reason);
        }

        if (!AlsoHeldBy.IsEmpty)
        {
            text.Append(" (the address is also that of ").AppendJoin(", ", AlsoHeldBy).Append(')');
        }

        foreach (var hop in Path)
        {
            text.Append('\n').Append(hop);
        }

        return text.ToString();
    }
}
