using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>One place where a packet of a connection was seen.</summary>
/// <param name="At">Since the first one.</param>
/// <param name="Where">The Pod, Node, bridge or physical network whose namespace it was in.</param>
/// <param name="Device">The interface there.</param>
/// <param name="IsIncoming">Whether it came in by it; else it went out.</param>
/// <param name="From">Its source, as it was there.</param>
/// <param name="To">Its destination, as it was there.</param>
/// <param name="Flags">TCP's, for example <c>SYN ACK</c>.</param>
public sealed record LiveHop(TimeSpan At, string Where, string Device, bool IsIncoming, IPEndPoint From, IPEndPoint To, string Flags)
{
    /// <summary>One line of a table.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{At.TotalMilliseconds,9:0.000} ms  {Where,-36} {Device,-16} {(IsIncoming ? "in " : "out")}  {From} > {To}  {Flags}");
}

/// <summary>A real connection through a lab's network in the kernel, and everywhere its packets were seen.</summary>
/// <param name="Source">The Pod or Node that connected.</param>
/// <param name="Requested">What it asked for.</param>
/// <param name="Outcome">How it ended for the client.</param>
/// <param name="Duration">How long that took.</param>
/// <param name="Hops">In order. Both ends of a virtual cable see a packet, and so does a tunnel before it wraps it and after it is unwrapped.</param>
public sealed record LiveTrace(string Source, IPEndPoint Requested, ConnectionOutcome Outcome, TimeSpan Duration, ImmutableArray<LiveHop> Hops)
{
    /// <summary>Where the last packet was seen that nobody took further; null when the connection came about.</summary>
    public LiveHop? LastSeen => Outcome == ConnectionOutcome.Delivered || Hops.IsEmpty ? null : FirstTry[^1];

    /// <summary>The packets before one of the two repeated itself: repetitions take the same way.</summary>
    private ImmutableArray<LiveHop> FirstTry
    {
        get
        {
            var seen = new HashSet<LiveHop>();
            return [.. Hops.TakeWhile(hop => seen.Add(hop with { At = TimeSpan.Zero }))];
        }
    }

    /// <summary>A line a hop, and the verdict.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var hop in Hops.IsEmpty || Outcome == ConnectionOutcome.Delivered ? Hops : FirstTry)
        {
            text.Append(hop).Append('\n');
        }

        text.Append(CultureInfo.InvariantCulture, $"{Source} -> {Requested}: {Outcome} after {Duration.TotalMilliseconds:0.0} ms");
        return LastSeen is { } last
            ? text.Append($"; last seen {(last.IsIncoming ? "coming in at" : "going out of")} {last.Where} by {last.Device}").ToString()
            : text.ToString();
    }
}
