using System.Collections.Immutable;
using System.Globalization;
using System.Net;

namespace Antrea.Migration.Clusters;

/// <summary>Whether a kernel has a module.</summary>
internal enum ModuleState
{
    /// <summary>The Node does not say: it has no list of modules.</summary>
    Unknown,

    /// <summary>Neither loaded nor to be found.</summary>
    Missing,

    /// <summary>It can be loaded.</summary>
    Available,

    /// <summary>It is loaded, or part of the kernel.</summary>
    Present,
}

/// <summary>What a Node's kernel and container runtime say of themselves, as far as it matters to a migration.</summary>
internal sealed record NodeKernel
{
    /// <summary>containerd's <c>conf_dir</c>, <c>bin_dir</c> or <c>bin_dirs</c> (several by spaces) and <c>max_conf_num</c>; those of them that it tells.</summary>
    public ImmutableSortedDictionary<string, string> Containerd { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The modules asked for.</summary>
    public ImmutableSortedDictionary<string, ModuleState> Modules { get; init; } = ImmutableSortedDictionary<string, ModuleState>.Empty;

    /// <summary><c>rp_filter</c> by device, <c>all</c> and <c>default</c> among them; the larger of a device's and <c>all</c> counts.</summary>
    public ImmutableSortedDictionary<string, int> ReversePathFilters { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>The MTU by device.</summary>
    public ImmutableSortedDictionary<string, int> Mtus { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>Which device has an address.</summary>
    public ImmutableDictionary<IPAddress, string> Devices { get; init; } = ImmutableDictionary<IPAddress, string>.Empty;

    /// <summary>Ports on which something listens, as <c>tcp 10350</c> and <c>udp 4789</c>, those of kernel tunnels included.</summary>
    public ImmutableSortedSet<(string Protocol, int Port)> Listening { get; init; } = [];

    /// <summary>Reads the lines that the Node command prints: <c>module NAME STATE</c>, <c>rp_filter DEVICE N</c>, <c>mtu DEVICE N</c>,
    /// <c>address DEVICE ADDRESS/LENGTH</c>, <c>socket FILE LOCAL</c> with the local end as <c>/proc/net</c> has it, <c>containerd SETTING VALUE</c>. What is none of these is passed over.</summary>
    public static NodeKernel Parse(string text)
    {
        var modules = ImmutableSortedDictionary.CreateBuilder<string, ModuleState>(StringComparer.Ordinal);
        var filters = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        var mtus = ImmutableSortedDictionary.CreateBuilder<string, int>(StringComparer.Ordinal);
        var devices = ImmutableDictionary.CreateBuilder<IPAddress, string>();
        var listening = ImmutableSortedSet.CreateBuilder<(string, int)>();
        var containerd = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            switch (line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                case ["module", var name, var state] when Enum.TryParse<ModuleState>(state, ignoreCase: true, out var parsed):
                    modules[name] = parsed;
                    break;
                case ["rp_filter", var device, var value] when int.TryParse(value, CultureInfo.InvariantCulture, out var number):
                    filters[device] = number;
                    break;
                case ["mtu", var device, var value] when int.TryParse(value, CultureInfo.InvariantCulture, out var number):
                    mtus[device] = number;
                    break;
                case ["address", var device, var value] when IPAddress.TryParse(value.Split('/')[0], out var address):
                    devices[address] = device;
                    break;
                case ["socket", var file, var local] when int.TryParse(local[(local.LastIndexOf(':') + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port):
                    listening.Add((file.TrimEnd('6'), port));
                    break;
                case ["containerd", var setting, .. var values] when values.Length > 0:
                    containerd[setting] = string.Join(' ', values);
                    break;
            }
        }

        return new NodeKernel
        {
            Modules = modules.ToImmutable(),
            ReversePathFilters = filters.ToImmutable(),
            Mtus = mtus.ToImmutable(),
            Devices = devices.ToImmutable(),
            Listening = listening.ToImmutable(),
            Containerd = containerd.ToImmutable(),
        };
    }
}
