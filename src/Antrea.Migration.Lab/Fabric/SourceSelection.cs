using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Which of its addresses a kernel gives to a packet that has none yet, or that is masqueraded.</summary>
/// <remarks>IPv4: the device's own, else the uplink's (<c>inet_select_addr</c>). IPv6: RFC 6724 over all devices' addresses, of which these rules
/// decide here: the outgoing device's own, the same label (unique local or not), the longest prefix in common with the destination, as far as the
/// address's own prefix reaches. Source: Linux <c>net/ipv6/addrconf.c</c> (ipv6_dev_get_saddr).</remarks>
internal static class SourceSelection
{
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
                .OrderByDescending(one => IsUniqueLocal(one.Address) == IsUniqueLocal(destination))
                .ThenByDescending(one => Math.Min(one.PrefixLength, CommonLength(one.Address, destination)))
                .Select(one => one.Address).FirstOrDefault();
    }

    private static bool IsUniqueLocal(IPAddress address) => address.IsIPv6UniqueLocal;

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
