using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Nodes;

namespace Antrea.Migration.Lab.Cni;

/// <summary>The host-local IPAM as antrea-agent runs it: a range walked round and round, one file an address on the Node.</summary>
/// <remarks>Source: containernetworking/plugins, <c>plugins/ipam/host-local</c> (disk backend), with the agent's data directory.
/// A file says which sandbox and which of its interfaces holds the address, and only both together free it.</remarks>
internal sealed class HostLocalIpam(LabFileSystem files, string network)
{
    private const string Root = "/var/run/antrea/cni/networks";
    private static string LastReserved(Cidr range) => range.IsIPv6 ? "last_reserved_ip.1" : "last_reserved_ip.0";

    private string Directory => $"{Root}/{network}";

    /// <summary>Takes the next free address of <paramref name="range"/>, its first (the network's) and last (broadcast) and its gateway left out.</summary>
    /// <exception cref="CniException">None is free, or the sandbox's interface has one already.</exception>
    public IPAddress Assign(Cidr range, IPAddress gateway, string containerId, string ifName)
    {
        var holder = Holder(containerId, ifName);
        if (Allocations().Any(a => a.Holder == holder && range.Contains(a.Address)))
        {
            throw new CniException($"host-local: {containerId} has been allocated an address for {ifName}, duplicate allocation is not allowed");
        }

        var count = range.AddressCount;
        var start = files.TryRead($"{Directory}/{LastReserved(range)}", out var last) && IPAddress.TryParse(last, out var previous)
            && range.Contains(previous) ? range.IndexOf(previous) : 0;
        for (UInt128 step = 1; step <= count; step++)
        {
            var index = (start + step) % count;
            var address = range.AddressAt(index);
            if (index != 0 && index != count - 1 && !address.Equals(gateway) && !files.FileExists($"{Directory}/{address}"))
            {
                files.Write($"{Directory}/{address}", holder);
                files.Write($"{Directory}/{LastReserved(range)}", address.ToString());
                return address;
            }
        }

        throw new CniException($"host-local: no IP addresses available in range set: {range}");
    }

    /// <summary>Frees the address of a sandbox's interface; nothing happens when it has none.</summary>
    public void Release(string containerId, string ifName)
    {
        var holder = Holder(containerId, ifName);
        foreach (var allocation in Allocations().Where(a => a.Holder == holder))
        {
            files.Remove($"{Directory}/{allocation.Address}");
        }
    }

    /// <summary>The addresses taken, and the text that says by whom.</summary>
    public IEnumerable<(IPAddress Address, string Holder)> Allocations()
    {
        foreach (var name in files.Files(Directory))
        {
            if (IPAddress.TryParse(name, out var address) && files.TryRead($"{Directory}/{name}", out var holder))
            {
                yield return (address, holder);
            }
        }
    }

    /// <summary>Frees one address, whoever holds it.</summary>
    public void Free(IPAddress address) => files.Remove($"{Directory}/{address}");

    private static string Holder(string containerId, string ifName) => $"{containerId}\r\n{ifName}";
}
