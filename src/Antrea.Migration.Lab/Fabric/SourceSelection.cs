using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Which of its addresses a kernel gives to a packet that has none yet, or that is masqueraded.</summary>
/// <remarks>IPv4: the device's own, else the uplink's (<c>inet_select_addr</c>). IPv6: RFC 6724 over all devices' addresses, of which these rules
/// decide here: the outgoing device's own, the same label, the longest prefix in common with the destination, as far as the
/// address's own prefix reaches. Source: Linux <c>net/ipv6/addrconf.c</c> (ipv6_dev_get_saddr).</remarks>
internal static class SourceSelection
{
    private const int UniqueLocal = 5;
    private const int Everything = 1;

    /// <summary>The address for what leaves by a device; null when there is none of the family.</summary>
    public static IPAddress? Of(HostNetns host, HostState state, string? device, IPAddress destination)
    {
        var family = destination.AddressFamily;
        if (state.Device(device)?.AddressOf(family) is { } own)
        {
            return own;
        }

        return family == AddressFamily.InterNetwork
            ? host.AddressOf(family)
            : state.Addresses.Where(one => one.Address.AddressFamily == family)
                .OrderByDescending(one => LabelOf(state, one.Address) == LabelOf(state, destination))
                .ThenByDescending(one => Math.Min(one.PrefixLength, CommonLength(one.Address, destination)))
                .Select(one => one.Address).FirstOrDefault();
    }

    /// <summary>The label of the longest prefix around an address: the Node's own, else one of the two of the kernel's that occur here.</summary>
    private static int LabelOf(HostState state, IPAddress address)
    {
        var given = state.AddressLabels.Where(one => one.Prefix.Contains(address)).OrderByDescending(one => one.Prefix.PrefixLength).Take(1).ToList();
        return given is [var longest] ? longest.Label : address.IsIPv6UniqueLocal ? UniqueLocal : Everything;
    }

    private static int CommonLength(IPAddress one, IPAddress other)
    {
        var length = 128;
        while (!Cidr.Containing(one, length).Contains(other))
        {
            length--;
        }

        return length;
    }
}
