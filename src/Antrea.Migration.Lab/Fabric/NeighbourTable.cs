using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>A neighbour's state as the choice among equal default routes sees it.</summary>
internal enum NeighbourState
{
    /// <summary>Never asked for.</summary>
    Absent,

    /// <summary>Known and confirmed lately.</summary>
    Reachable,

    /// <summary>Known, but not confirmed for a while (STALE, DELAY or PROBE).</summary>
    Stale,

    /// <summary>Being asked for; nobody has answered yet.</summary>
    Incomplete,

    /// <summary>Asked for three times without an answer.</summary>
    Failed,
}

/// <summary>The neighbour table of one Pod, and which of several equal default routes its kernel used last.</summary>
/// <remarks>Time is given by the caller. Source: net/core/neighbour.c and <c>fib_select_default</c> of Linux 6; the random
/// 15–45 s that an entry stays reachable is its mean here, 30 s, so that the lab repeats itself.</remarks>
internal sealed class NeighbourTable
{
    /// <summary>How long a confirmed entry stays reachable.</summary>
    public static readonly TimeSpan ReachableTime = TimeSpan.FromSeconds(30);

    /// <summary>How long after its next use a stale entry is asked for again.</summary>
    public static readonly TimeSpan DelayProbeTime = TimeSpan.FromSeconds(5);

    /// <summary>How long an unanswered entry is incomplete: three requests, one a second.</summary>
    public static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Device, IPAddress Address), Entry> _entries = [];
    private int _lastDefault = -1;

    public NeighbourState StateOf(string device, IPAddress address, DateTimeOffset now)
    {
        lock (_gate)
        {
            return _entries.TryGetValue((device, address), out var entry) ? entry.At(now) : NeighbourState.Absent;
        }
    }

    /// <summary>An answer came, or a connection made progress by this neighbour.</summary>
    public void Confirm(string device, IPAddress address, DateTimeOffset now)
    {
        lock (_gate)
        {
            _entries[(device, address)] = new Entry(true, now);
        }
    }

    /// <summary>A packet was sent to a known neighbour: a stale one is asked for again a little later, and answers.</summary>
    public void Use(string device, IPAddress address, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue((device, address), out var entry)
                && entry.At(now) == NeighbourState.Stale
                && entry.Since < now)
            {
                _entries[(device, address)] = new Entry(true, now + DelayProbeTime);
            }
        }
    }

    /// <summary>Nobody answered.</summary>
    public void Miss(string device, IPAddress address, DateTimeOffset now)
    {
        lock (_gate)
        {
            _entries[(device, address)] = new Entry(false, now);
        }
    }

    /// <summary>The device is gone, and with it what was learnt by it.</summary>
    public void Forget(string device)
    {
        lock (_gate)
        {
            foreach (var key in _entries.Keys.Where(key => string.Equals(key.Device, device, StringComparison.Ordinal)).ToList())
            {
                _entries.Remove(key);
            }

            _lastDefault = -1;
        }
    }

    /// <summary>Picks among equal default routes as the kernel does, and remembers the pick.</summary>
    /// <param name="gateways">Device and next hop of each, in the table's order; two or more.</param>
    /// <param name="now">The time of the look-up.</param>
    /// <returns>An index into <paramref name="gateways"/>.</returns>
    /// <remarks>The first whose gateway is absent or reachable; a stale one counts too unless it was the last one picked.
    /// With none alive: a stale one, else a failed one behind the last pick, else the first.</remarks>
    public int PickDefault(IReadOnlyList<(string Device, IPAddress Gateway)> gateways, DateTimeOffset now)
    {
        lock (_gate)
        {
            var lastResort = -1;
            for (var order = 0; order < gateways.Count; order++)
            {
                if (!_entries.TryGetValue((gateways[order].Device, gateways[order].Gateway), out var entry))
                {
                    return _lastDefault = order;
                }

                var state = entry.At(now);
                if (state == NeighbourState.Reachable || (state == NeighbourState.Stale && order != _lastDefault))
                {
                    return _lastDefault = order;
                }

                if (state == NeighbourState.Stale
                    || (lastResort < 0 && order > _lastDefault && state != NeighbourState.Incomplete))
                {
                    lastResort = order;
                }
            }

            _lastDefault = lastResort;
            return Math.Max(lastResort, 0);
        }
    }

    /// <param name="Answered">Whether somebody has answered.</param>
    /// <param name="Since">When it was (or, in the near future, will be) confirmed; else when it was first asked for.</param>
    private readonly record struct Entry(bool Answered, DateTimeOffset Since)
    {
        public NeighbourState At(DateTimeOffset now) => Answered
            ? now >= Since && now < Since + ReachableTime ? NeighbourState.Reachable : NeighbourState.Stale
            : now < Since + ProbeTime ? NeighbourState.Incomplete : NeighbourState.Failed;
    }
}
