using System.Text;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>What makes one layout of a namespace out of another.</summary>
/// <remarks>Taking away may find that the thing went with its device or its other end. Laying may not find it there.</remarks>
internal sealed class LayoutChange
{
    private LayoutChange(NamespaceLayout before, NamespaceLayout after)
    {
        // A device that goes, or becomes another one, takes everything with it that is on it.
        var kept = after.Links.Where(part => part.IsDevice).ToHashSet();
        var lost = before.Links.Where(part => part.IsDevice && !kept.Contains(part)).Select(part => part.Device!).ToHashSet(StringComparer.Ordinal);
        (LinksOff, LinksOn, LinksLast) = Compare(before.Links, after.Links, lost);
        (ForwardingOff, ForwardingOn, _) = Compare(before.Forwarding, after.Forwarding, lost);
        (Rules6Off, Rules6On, _) = Compare(before.Rules6, after.Rules6, []);
        (SetsOff, SetsOn, _) = Compare(before.Sets, after.Sets, []);
        Tables = Changed(before.Tables, after.Tables);
        Tables6 = Changed(before.Tables6, after.Tables6);
        SysctlsBefore = after.SysctlsBefore == before.SysctlsBefore ? "" : after.SysctlsBefore;
        SysctlsAfter = string.Concat(after.SysctlsAfter.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line + '\n'));
    }

    /// <summary>To be written before there are new devices.</summary>
    public string SysctlsBefore { get; }

    /// <summary>For <c>ip -batch</c>.</summary>
    public Commands LinksOff { get; }

    public Commands LinksOn { get; }

    /// <summary>For <c>ip -batch</c>, when every namespace has what is new: addresses that others take the place of. Until then a device sends from
    /// the old one, which everybody still has a route to.</summary>
    public Commands LinksLast { get; }

    /// <summary>For <c>ip -6 -batch</c>.</summary>
    public Commands Rules6Off { get; }

    public Commands Rules6On { get; }

    /// <summary>For <c>bridge -batch</c>.</summary>
    public Commands ForwardingOff { get; }

    public Commands ForwardingOn { get; }

    /// <summary>For <c>ipset restore</c>; when no rule uses them any more.</summary>
    public Commands SetsOff { get; }

    public Commands SetsOn { get; }

    /// <summary>For <c>iptables-restore</c>: the tables that changed, whole, each replaced at once.</summary>
    public string Tables { get; }

    /// <summary>For <c>ip6tables-restore</c>, the same.</summary>
    public string Tables6 { get; }

    /// <summary>All of them: devices may be new.</summary>
    public string SysctlsAfter { get; }

    /// <summary>What changes one layout into another; null when they are the same.</summary>
    public static LayoutChange? Between(NamespaceLayout before, NamespaceLayout after)
    {
        var change = new LayoutChange(before, after);
        return change.LinksOff.IsEmpty && change.LinksOn.IsEmpty && change.ForwardingOff.IsEmpty && change.ForwardingOn.IsEmpty
            && change.Rules6Off.IsEmpty && change.Rules6On.IsEmpty && change.SetsOff.IsEmpty && change.SetsOn.IsEmpty
            && change.Tables.Length == 0 && change.Tables6.Length == 0 && change.SysctlsBefore.Length == 0
            && after.SysctlsAfter == before.SysctlsAfter
                ? null
                : change;
    }

    private static string Changed(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        string.Concat(after.Where(table => before.GetValueOrDefault(table.Key) != table.Value).Select(table => table.Value));

    private static (Commands Off, Commands On, Commands Last) Compare(IReadOnlyList<LayoutPart> before, IReadOnlyList<LayoutPart> after, HashSet<string> lost)
    {
        var (off, on, last) = (new Commands(), new Commands(), new Commands());
        var old = before.ToDictionary(part => part.Key, StringComparer.Ordinal);
        var next = after.Select(part => part.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var part in before.Reverse().Where(part => !next.Contains(part.Key) && !GoesWithItsDevice(part)))
        {
            off.TakeAway(part.Remove);
        }

        foreach (var part in after)
        {
            if (!old.TryGetValue(part.Key, out var was) || (GoesWithItsDevice(was) && !part.IsDevice))
            {
                on.TakeAway(part.Replaces ? part.Remove : "").Lay(part.Add);
            }
            else if (was != part)
            {
                last.TakeAway(part.AddsFirst ? was.Remove : "");
                on.TakeAway(part.AddsFirst ? "" : was.Remove).Lay(part.Add);
            }
        }

        return (off, on, last);

        bool GoesWithItsDevice(LayoutPart part) => part is { IsDevice: false, Device: { } device } && lost.Contains(device);
    }

    /// <summary>Commands in order, some of which may find nothing to do.</summary>
    public sealed class Commands
    {
        private readonly StringBuilder _text = new();
        private readonly HashSet<int> _optional = [];
        private int _lines;

        public bool IsEmpty => _lines == 0;

        /// <summary>The lines, from 1, that may fail.</summary>
        public IReadOnlySet<int> Optional => _optional;

        public Commands Lay(string lines)
        {
            _text.Append(lines);
            _lines += lines.Count('\n');
            return this;
        }

        public Commands TakeAway(string lines)
        {
            _optional.UnionWith(Enumerable.Range(_lines + 1, lines.Count('\n')));
            return Lay(lines);
        }

        public override string ToString() => _text.ToString();
    }
}
