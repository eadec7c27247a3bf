"""TUN and ESP in this process."""
